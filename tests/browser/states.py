"""Fill the site of the browser tests with one of each page that its own patients do not lead to.

``python -m tests.browser.states http://127.0.0.1:8000``, with the address of the site: run it in a process of its own,
in the site's environment. It prints, as JSON, the session cookie of a person of each role and the address of each page.
The patients are of a care team of their own, so that no other test meets them.
"""

import json
import os
import sys
from datetime import timedelta
from typing import Any

import django

TEAM = "Team of every state"
PASSWORD = "correct horse battery"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    django.setup()
    from django.test import Client

    from clinic.access.roles import Role
    from tests.factories import patient_records as rows

    people = {role.value: rows.person(f"{role}-of-states", role, team=TEAM) for role in Role}
    cookies = {}
    for role, person in people.items():
        person.set_password(PASSWORD)
        person.save()
        client = Client()
        client.force_login(person)
        cookies[role] = client.cookies["sessionid"].value
    found = {**_patients(people), **_others(people, sys.argv[1])}
    sys.stdout.write(json.dumps({"cookies": cookies, "addresses": found, "password": PASSWORD}))


def _patients(people: dict[str, Any]) -> dict[str, str]:
    """Comparisons in each state of their decision, and what else is about one patient."""
    from django.utils import timezone

    from clinic.access.actor import actor_of
    from clinic.decisions.amend import amend
    from clinic.decisions.models import Decision
    from clinic.decisions.sign import sign
    from tests.factories import patient_records as rows
    from tests.factories import vancomycin_case as case
    from twins.records.models import Job, JobKind, JobState

    cleo = people["clinician"]

    def compared(family: str) -> tuple[Any, Any, Any]:
        patient = rows.patient(family, team=TEAM)
        return patient, *rows.twin(patient.subject, course=rows.recent_course())

    def signed(comparison: Any) -> Decision:
        reason = "Below the target."
        return sign(comparison=comparison, plan_position=1, reason=reason, by=cleo, actor=actor_of(cleo))

    found = {}
    patient, _version, comparison = compared("Signed")
    signed(comparison)
    found["comparison, signed"] = f"/comparisons/{comparison.pk}"
    found["decision-amend"] = f"/comparisons/{comparison.pk}/amend"
    found["patient"] = f"/patients/{patient.pk}"
    found["record"] = f"/patients/{patient.pk}/records/dose/{patient.subject.doses.earliest('pk').pk}"
    found["audit-history"] = f"/audit/patients/{patient.pk}"

    *_, comparison = compared("Amended")
    amend(decision=signed(comparison), plan_position=0, reason="On second thoughts.", by=cleo, actor=actor_of(cleo))
    found["comparison, amended"] = f"/comparisons/{comparison.pk}"

    patient, version, comparison = compared("Outdated")
    signed(comparison)
    rows.twin(patient.subject, course=rows.recent_course(), parent=version, with_records=False)
    found["comparison, outdated"] = f"/comparisons/{comparison.pk}"

    *_, comparison = compared("Second")
    Decision.objects.create(
        comparison=comparison, comparison_digest=comparison.digest, chosen_plan=1, reason="Below the target.",
        decided_by=people["pharmacist"], decided_at=timezone.now(), needs_second=True,
    )  # fmt: skip
    found["comparison, second signature"] = f"/comparisons/{comparison.pk}"

    _patient, version, _comparison = compared("Waiting")
    plans = [forecast.plan.to_json() for forecast in case.result().forecasts]
    job = Job.objects.create(
        kind=JobKind.COMPARISON, key="of every state", parameters={"version": str(version.pk), "plans": plans},
        state=JobState.RUNNING, enqueued_at=timezone.now(), lease_until=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    found["comparison-wait"] = f"/patients/{version.subject_id}/compare/{job.pk}"

    found["closed patient"] = f"/patients/{rows.patient('Closed', team='Another team of states').pk}"
    return found


def _others(people: dict[str, Any], site: str) -> dict[str, str]:
    """What is about no patient."""
    from django.utils import timezone

    from clinic.access.actor import actor_of
    from clinic.access.password_link import path_for
    from integrations.ehr.set_source import Wanted, add, switch
    from integrations.readings.models import QuarantineEntry, QuarantineReason
    from tests.api import ward_data
    from tests.clinic.access.authenticator import give_app
    from tests.factories import patient_records as rows
    from tests.integrations.smart.steps import app, question
    from tests.twins.cohorts.studies import small
    from twins.jobs.cohort import do_here, request_study

    addie = people["administrator"]
    growth = app()
    found = {"client": f"/clients/{growth.pk}", "oauth-authorize": question(growth, aud=f"{site}/fhir")}
    wanted = Wanted(kind="laboratory", url="https://lab.test/fhir", token="of no server")
    add(slug="states-lab", wanted=wanted, by=addie, actor=actor_of(addie))
    switch(slug="states-lab", on=False, by=addie, actor=actor_of(addie))
    found["source"] = "/administration/sources/states-lab"

    reading = ward_data.store('{"resourceType": "Observation", "id": "states"}', slug="states").reading
    now = timezone.now()
    entry = QuarantineEntry.objects.create(
        reading=reading, source_key="states/Observation/states", version="1", text=reading.content.decode(),
        reason=QuarantineReason.values[0], detail="It says nothing.", first_time=now, last_time=now,
    )  # fmt: skip
    found["quarantine-entry"] = f"/quarantine/{entry.pk}"

    study = request_study(small(), asked_by="system", chunk=100, announce=False)
    do_here(study)
    found["study"] = f"/studies/{study.pk}"
    found["set-password"] = path_for(rows.person("invited-of-states"))

    stepping = rows.person("two-steps-of-states")
    stepping.set_password(PASSWORD)
    stepping.save()
    give_app(stepping)  # type: ignore[arg-type]
    return found


if __name__ == "__main__":
    main()
