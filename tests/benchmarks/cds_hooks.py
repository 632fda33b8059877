"""How long a CDS client waits: calls through the whole site, each with a token of its own, on a database of its own.

``python -m tests.benchmarks.cds_hooks`` prints this table alone.
"""

import json
import os
import subprocess
import sys
import tempfile

from tests.benchmarks.clock import shown
from tests.environment import ROOT

CALLS = 200
SCRIPT = f"""
import json, sys, time
from datetime import timedelta
from unittest import mock
from uuid import uuid4
import django
django.setup()
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.conf import settings
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.factories.chart import START, Chart
from tests.integrations.cds_hooks.calls import ISSUER, SERVER, call, draft, select_call, sign_call
from clinic.patients.models import Patient
from clinic.site import warming
from integrations.readings.models import Source
from twins.jobs.update import request_update, run

key = ECKey.generate_key("P-384", {{"kid": "a"}})
settings.ALLOWED_HOSTS = ["testserver"]
settings.CDS_CLIENTS = [
    {{"name": "ehr", "issuer": ISSUER, "fhir_server": SERVER, "jwks": {{"keys": [key.as_dict(private=False)]}}}}
]
if sys.argv[1] == "prepare":
    call_command("migrate", verbosity=0)
    Source.objects.create(slug="ward", address=SERVER)
    chart = Chart.of().stable()
    Patient.objects.create(subject=chart.subject, source_key="ward/Patient/p1")
    run(str(request_update(chart.subject, "vancomycin").pk))
    sys.exit()

http = Client()

def asked(service, body):
    path = f"/cds-services/{{service}}"
    now = int(time.time())
    claims = {{"iss": ISSUER, "aud": f"http://testserver{{path}}", "iat": now, "exp": now + 60, "jti": str(uuid4())}}
    token = jwt.encode({{"alg": "ES384", "typ": "JWT", "kid": "a"}}, claims, key, algorithms=["ES384"])
    text = json.dumps(body)
    began = time.perf_counter()
    answer = http.post(path, text, content_type="application/json", headers={{"Authorization": f"Bearer {{token}}"}})
    took = time.perf_counter() - began
    assert answer.status_code == 200, answer.content
    assert len(answer.json()["cards"]) == 1
    return took

found = {{}}
with mock.patch("django.utils.timezone.now", lambda: START + timedelta(hours=37)):
    if sys.argv[1] == "warm":
        found["warming"] = warming.load()
    found["first"] = asked("patient-twin-order-sign", sign_call(draft(amount=1111)))
    if sys.argv[1] == "warm":
        for name, make in (
            ("patient-twin-view", lambda k: call()),
            ("patient-twin-order-select", lambda k: select_call(draft(amount=500 + 5 * k))),
            ("patient-twin-order-sign", lambda k: sign_call(draft(amount=500 + 5 * k))),
        ):
            cache.clear()
            found[name] = sorted(asked(name, make(k)) for k in range({CALLS}))
print(json.dumps(found))
"""


def table() -> list[tuple[str, str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "VAR_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "clinic.site.settings",
            "PYTHONPATH": str(ROOT),
        }
        environment.setdefault("NUMBA_CACHE_DIR", str(ROOT / "var" / "numba"))

        def process(what: str) -> str:
            done = subprocess.run(
                [sys.executable, "-c", SCRIPT, what],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            return done.stdout

        process("prepare")
        cold = json.loads(process("cold"))
        warm = json.loads(process("warm"))
    rows = []
    for name in ("patient-twin-view", "patient-twin-order-select", "patient-twin-order-sign"):
        times = warm[name]
        middle, most = times[len(times) // 2], times[int(0.95 * len(times))]
        rows.append((f"{name}: median and 95th percentile of {CALLS}", f"{shown(middle)}, {shown(most)}", ""))
    return [
        *rows,
        ("first order-sign of a web process that has loaded its kernels", shown(warm["first"]), ""),
        ("first order-sign of one that has not", shown(cold["first"]), ""),
        ("loading the kernels from the cache, in the background", shown(warm["warming"]), ""),
    ]


if __name__ == "__main__":
    for row in table():
        sys.stdout.write(" | ".join(row) + "\n")
