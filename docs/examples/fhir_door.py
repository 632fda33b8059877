"""A hospital's system at the FHIR door of Patient Twin: send, find, change, and see that it was recorded.

    TOKEN=$(python manage.py integration_token my-system --scope 'system/*.cruds')
    python docs/examples/fhir_door.py http://localhost:8000/fhir "$TOKEN"

It needs httpx alone. Each step prints one line; whatever is refused ends it with the server's own words.
"""

import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
MRN = "urn:example:mrn"
Json = dict[str, Any]


class DoorRefusedError(RuntimeError):
    """What the server said, in the words of its OperationOutcome."""


class Door:
    """The door of one server, for one token."""

    def __init__(self, base: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/fhir+json"}
        self._client = httpx.Client(base_url=base.rstrip("/") + "/", headers=headers, timeout=30, trust_env=False)

    def ask(self, method: str, address: str, *, json: Any = None, **headers: str) -> httpx.Response:
        """One request; it is sent again when the server says to wait."""
        if json is not None:
            headers["Content-Type"] = "application/fhir+json"
        while True:
            answer = self._client.request(method, address, json=json, headers=headers)
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            time.sleep(float(answer.headers["Retry-After"]))
        if answer.is_error:
            issues = answer.json()["issue"]
            said = "; ".join(f"{issue['code']}: {issue['details']['text']}" for issue in issues)
            raise DoorRefusedError(f"{method} {address}: {answer.status_code}, {said}")
        return answer

    def search(self, address: str) -> Iterator[Json]:
        """What is found, page by page; the links are followed as they are given."""
        while address:
            bundle = self.ask("GET", address).json()
            for entry in bundle.get("entry", []):
                if entry["search"]["mode"] == "match":
                    yield entry["resource"]
            address = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")


def patient_and_levels(mrn: str) -> Json:
    """A transaction: the patient unless they are there already, and two levels that refer to them."""
    name = f"urn:uuid:{uuid.uuid4()}"
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": MRN, "value": mrn}],
        "name": [{"family": "Example", "given": ["Eva"]}],
        "gender": "female",
        "birthDate": "1961-04-12",
    }
    condition = f"identifier={MRN}|{mrn}"
    entries: list[Json] = [
        {"fullUrl": name, "resource": patient,
         "request": {"method": "POST", "url": "Patient", "ifNoneExist": condition}}
    ]  # fmt: skip
    for hours, value in ((8, 11.4), (20, 14.9)):
        level = {
            "resourceType": "Observation",
            "identifier": [{"system": "urn:example:result", "value": f"{mrn}-{hours}"}],
            "status": "final",
            "code": {"coding": [{"system": LOINC, "code": "20578-1"}], "text": "Vancomycin, trough"},
            "subject": {"reference": name},
            "effectiveDateTime": f"2026-03-02T{hours:02}:00:00+01:00",
            "valueQuantity": {"value": value, "unit": "mg/L", "system": UCUM, "code": "mg/L"},
        }
        request = {
            "method": "POST",
            "url": "Observation",
            "ifNoneExist": f"identifier=urn:example:result|{mrn}-{hours}",
        }
        entries.append({"fullUrl": f"urn:uuid:{uuid.uuid4()}", "resource": level, "request": request})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def main(base: str, token: str) -> None:
    """Every step, in order."""
    door = Door(base, token)
    statement = door.ask("GET", "metadata").json()
    tell(f"FHIR {statement['fhirVersion']}, {len(statement['rest'][0]['resource'])} types")

    mrn = f"example-{uuid.uuid4().hex[:8]}"
    for attempt in ("sent", "sent again"):
        answer = door.ask("POST", "", json=patient_and_levels(mrn)).json()
        tell(f"{attempt}: {', '.join(entry['response']['status'] for entry in answer['entry'])}")
    patient = answer["entry"][0]["response"]["location"].split("/Patient/")[1].split("/")[0]

    levels = list(door.search(f"Observation?patient={patient}&code={LOINC}|20578-1&_sort=date&_count=1"))
    tell(f"found: {', '.join(str(level['valueQuantity']['value']) for level in levels)} mg/L")

    last = door.ask("GET", f"Observation/{levels[-1]['id']}")
    corrected = last.json() | {"status": "corrected", "valueQuantity": levels[-1]["valueQuantity"] | {"value": 15.1}}
    changed = door.ask("PUT", f"Observation/{corrected['id']}", json=corrected, **{"If-Match": last.headers["ETag"]})
    tell(f"corrected: now version {changed.headers['ETag']}")
    try:
        door.ask("PUT", f"Observation/{corrected['id']}", json=corrected | {"status": "final"},
                 **{"If-Match": last.headers["ETag"]})  # fmt: skip
    except DoorRefusedError as refused:
        tell(f"refused: {refused}")

    events = list(door.search(f"AuditEvent?patient={patient}&action=U"))
    tell(f"recorded: {len(events)} change, {events[0]['meta']['profile'][0].rsplit('.', 1)[1]}")


def tell(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
