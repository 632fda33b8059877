"""``python -m tests.benchmarks.cds_hooks_http``: how long a CDS client waits, by HTTP, on PostgreSQL.

Makes a database of its own beside the one that ``TEST_DATABASE_URL`` names, with patients on six drugs who each have a
twin, starts the web server as ``manage.py serve`` starts it, and signs orders: one client alone, then several at once,
each call with a token of its own and another dose. Every answer is looked at: one card, with a probability in it. The
database is dropped afterwards. ``--calls`` says how many calls of each drug.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.benchmarks.clock import shown
from tests.benchmarks.observations import address, drop, make

DATABASE = "patient_twin_bench_cds"
ISSUER, SERVER = "https://ehr.test", "https://ehr.test/fhir"
SIGN, VIEW = "patient-twin-order-sign", "patient-twin-view"
AT_ONCE = 4
HOURS = 36
"""Of treatment before the calls."""
MOUTH, VEIN = "26643006", "47625008"
DRUGS = (
    ("vancomycin", "J01XA01", 1000.0, 12.0, VEIN, 14.0),
    ("gentamicin", "J01GB03", 320.0, 24.0, VEIN, 1.2),
    ("meropenem", "J01DH02", 1000.0, 8.0, VEIN, None),
    ("tacrolimus", "L04AD02", 4.0, 12.0, MOUTH, 9.0),
    ("digoxin", "C01AA05", 0.125, 24.0, MOUTH, 0.6),
    ("voriconazole", "J02AC03", 200.0, 12.0, MOUTH, 2.0),
)
"""Name, ATC code, mg, every so many hours, route (SNOMED CT), and a level in the unit of its channel."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200, help="calls of each drug")
    parser.add_argument("--port", type=int, default=8897)
    given = parser.parse_args()
    key = ECKey.generate_key("P-384", {"kid": "bench"})
    make(DATABASE)
    os.environ["DATABASE_URL"] = address(DATABASE)
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="patient-twin-cds-")
    os.environ["CDS_CLIENTS"] = json.dumps(
        [{"name": "ehr", "issuer": ISSUER, "fhir_server": SERVER, "jwks": {"keys": [key.as_dict(private=False)]}}]
    )
    os.environ["WARM_AT_START"] = "0"  # what it loads in the background would be measured along with the answers
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    try:
        call_command("migrate", verbosity=0)
        _patients()
        connection.close()
        with _site(given.port) as base:
            _measure(base, key, given.calls)
    finally:
        connection.close()
        drop(DATABASE)
    return 0


def _patients() -> None:
    """A patient for each drug, with its twin, whose last data are an hour old."""
    from clinic.patients.models import Patient
    from integrations.readings.models import Source
    from tests.factories import chart as charts
    from twins.jobs.update import request_update, run
    from twins.records.models import GivenDose, Order
    from twins.samples.channel import Channel

    charts.START = datetime.now(UTC) - timedelta(hours=HOURS + 1)
    Source.objects.create(slug="ward", address=SERVER)
    for drug, _, amount, every, route, level in DRUGS:
        chart = charts.Chart.of(age_years=50)
        for channel, value in (("weight", 70), ("height", 172), ("creatinine", 1), ("albumin", 40)):
            chart.sample(Channel(channel), -2.0, float(value))
        chart.sample(Channel.HAEMATOCRIT, -2.0, 0.34)
        hours = 1.0 if route == VEIN else 0.0
        way = "intravenous" if route == VEIN else "oral"
        said = {"drug": drug, "amount_mg": amount, "duration_h": hours, "route": way}
        Order.objects.create(**chart._sourced("MedicationRequest", 0.0, {}), interval_h=every, **said)
        for number in range(int(HOURS / every)):
            GivenDose.objects.create(**chart._sourced("MedicationAdministration", every * number, {}), **said)
        if level is not None:
            chart.sample(Channel(drug), HOURS - 0.5, level)
        Patient.objects.create(subject=chart.subject, source_key=f"ward/Patient/{drug}")
        began = time.perf_counter()
        run(str(request_update(chart.subject, drug).pk))
        _say(f"{drug}: twin and comparison made in {shown(time.perf_counter() - began)}")


@contextmanager
def _site(port: int) -> Iterator[str]:
    from clinic.site.processes import Processes, web

    base = f"http://127.0.0.1:{port}"
    with Processes(Path(os.environ["VAR_DIR"]) / "logs") as processes:
        processes.start("web", web(port, workers=2))
        while True:
            processes.check()
            try:
                httpx.get(f"{base}/healthz")
                break
            except httpx.TransportError:
                time.sleep(0.25)
        yield base


def _measure(base: str, key: ECKey, calls: int) -> None:
    _together(base, key, 10 * AT_ONCE * len(DRUGS))  # each process has loaded its kernels before the clock runs
    with httpx.Client(base_url=base, timeout=600.0) as http:
        for drug, *_ in DRUGS:
            _tell(f"order-sign, {drug}, one client", [_asked(http, base, key, SIGN, drug, n) for n in range(calls)])
        _tell("patient-view, one client", [_asked(http, base, key, VIEW, "vancomycin", n) for n in range(calls)])
    _tell(f"order-sign, all drugs, {AT_ONCE} clients at once", _together(base, key, calls))


def _together(base: str, key: ECKey, calls: int) -> list[float]:
    """Seconds of each of so many calls, by `AT_ONCE` clients beside each other."""
    times: list[float] = []

    def client(first: int) -> None:
        with httpx.Client(base_url=base, timeout=600.0) as mine:
            for number in range(first, calls, AT_ONCE):
                times.append(_asked(mine, base, key, SIGN, DRUGS[number % len(DRUGS)][0], number))

    together = [threading.Thread(target=client, args=(number,)) for number in range(AT_ONCE)]
    for one in together:
        one.start()
    for one in together:
        one.join()
    return times


def _asked(http: httpx.Client, base: str, key: ECKey, service: str, drug: str, number: int) -> float:
    """Seconds from the request to the last byte of one answer."""
    path = f"/cds-services/{service}"
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": f"{base}{path}", "iat": now, "exp": now + 60, "jti": str(uuid4())}
    token = jwt.encode({"alg": "ES384", "typ": "JWT", "kid": "bench"}, claims, key, algorithms=["ES384"])
    body = json.dumps(_call(service, drug, number))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    began = time.perf_counter()
    answer = http.post(path, content=body, headers=headers)
    took = time.perf_counter() - began
    if answer.status_code == 429:  # faster than one client may ask: waited out, and not counted
        time.sleep(float(answer.headers["Retry-After"]))
        return _asked(http, base, key, service, drug, number)
    if answer.status_code != 200:
        raise RuntimeError(f"{service} of {drug}: {answer.status_code} {answer.text[:300]}")
    (card,) = answer.json()["cards"]
    if "%" not in card["summary"]:
        raise RuntimeError(f"{service} of {drug} gave no probability: {card['summary']} {card['detail'][:300]}")
    return took


def _call(service: str, drug: str, number: int) -> dict[str, Any]:
    context: dict[str, Any] = {"userId": "Practitioner/dr", "patientId": drug}
    if service == SIGN:
        context["draftOrders"] = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": _order(drug, number)}],
        }
    hook = "order-sign" if service == SIGN else "patient-view"
    return {"hook": hook, "hookInstance": str(uuid4()), "context": context}


def _order(drug: str, number: int) -> dict[str, Any]:
    _, code, amount, every, route, _ = next(row for row in DRUGS if row[0] == drug)
    repeat: dict[str, Any] = {"frequency": 1, "period": every, "periodUnit": "h"}
    repeat["boundsPeriod"] = {"start": (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")}
    if route == VEIN:
        repeat |= {"duration": 60, "durationUnit": "min"}
    dose = {
        "value": amount * (1 + number % 50 / 100),
        "unit": "mg",
        "system": "http://unitsofmeasure.org",
        "code": "mg",
    }
    return {
        "resourceType": "MedicationRequest",
        "id": f"draft-{number}",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": code}]},
        "subject": {"reference": f"Patient/{drug}"},
        "dosageInstruction": [
            {
                "timing": {"repeat": repeat},
                "route": {"coding": [{"system": "http://snomed.info/sct", "code": route}]},
                "doseAndRate": [{"doseQuantity": dose}],
            }
        ],
    }


def _tell(what: str, times: list[float]) -> None:
    found = sorted(times)
    middle, most = found[len(found) // 2], found[int(0.95 * len(found))]
    _say(f"{what}: median {shown(middle)}, 95th percentile {shown(most)} of {len(found)}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
