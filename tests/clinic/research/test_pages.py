"""Studies by page: for researchers only, without a patient in sight, and on record."""

import json
import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from clinic.access.roles import Role
from clinic.audit.models import AuditEvent
from tests.twins.cohorts.studies import small, written
from twins.jobs.cohort import do_chunk, do_here, request_study, start
from twins.records.models import Job, JobState

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.VAR_DIR = tmp_path


def client_of(role: Role) -> Client:
    user = get_user_model().objects.create_user(f"a {role}")
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def researcher() -> Client:
    return client_of(Role.RESEARCHER)


@pytest.fixture
def finished() -> Job:
    job = request_study(small(), asked_by="system", chunk=100)
    do_here(job)
    job.refresh_from_db()
    return job


@pytest.fixture
def half_done() -> Job:
    job = start(str(request_study(small(), asked_by="system", chunk=100).pk))
    do_chunk(job, 0)
    return job


def addresses(job: Job) -> list[tuple[str, str]]:
    key = {"job_id": job.pk}
    return [
        ("get", reverse("studies")),
        ("get", reverse("study-new")),
        ("post", reverse("study-new")),
        ("get", reverse("study", kwargs=key)),
        ("post", reverse("study-cancel", kwargs=key)),
        ("post", reverse("study-resume", kwargs=key)),
        ("get", reverse("study-file", kwargs={**key, "name": "table.csv"})),
    ]


def test_a_stranger_is_asked_to_log_in(finished: Job):
    for method, address in addresses(finished):
        assert getattr(Client(), method)(address).status_code == 401, address


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.RESEARCHER])
def test_other_roles_are_refused(role: Role, finished: Job):
    client = client_of(role)
    for method, address in addresses(finished):
        assert getattr(client, method)(address).status_code == 403, address


def test_a_finished_study_shows_table_figure_assumptions_and_files(researcher: Client, finished: Job):
    page = researcher.get(reverse("study", args=[finished.pk]))
    assert page.status_code == 200
    text = page.content.decode()
    assert text.count("<svg") == 2
    assert "30 to below 60 mL/min" in text
    assert "Assumed: for the test" in text
    assert finished.result["result_digest"] in text
    assert " style=" not in text
    for name in ("patients.parquet", "table.csv", "table.md", "manifest.json", "figure.svg"):
        address = reverse("study-file", args=[finished.pk, name])
        assert address in text
        answer = researcher.get(address)
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert b"".join(answer.streaming_content)


def test_a_file_that_is_not_the_studys_is_not_found(researcher: Client, finished: Job, half_done: Job):
    for job, name in ((finished, "secret_key"), (finished, ".."), (half_done, "table.csv")):
        assert researcher.get(reverse("study-file", args=[job.pk, name])).status_code == 404


def test_progress_is_asked_for_until_it_is_over(researcher: Client, half_done: Job):
    address = reverse("study", args=[half_done.pk])
    whole = researcher.get(address).content.decode()
    assert "1 of 3 parts are done" in whole
    assert 'hx-trigger="every 2s"' in whole
    part = researcher.get(address, headers=HTMX)
    assert "<html" not in part.content.decode()
    assert "HX-Refresh" not in part.headers
    Job.objects.update(state=JobState.DONE, result={"table": [], "files": []})
    assert researcher.get(address, headers=HTMX).headers["HX-Refresh"] == "true"


def test_a_study_is_cancelled_and_resumed(researcher: Client, half_done: Job):
    key = [half_done.pk]
    assert researcher.post(reverse("study-cancel", args=key)).status_code == 302
    half_done.refresh_from_db()
    assert half_done.state == JobState.CANCELLED
    assert "Resume" in researcher.get(reverse("study", args=key)).content.decode()
    researcher.post(reverse("study-resume", args=key))
    half_done.refresh_from_db()
    assert (half_done.state, half_done.done) == (JobState.QUEUED, 1)
    activities = list(AuditEvent.objects.filter(entity_id=str(half_done.pk)).values_list("activity", "purpose"))
    assert ("study.cancel", "HRESCH") in activities
    assert ("study.resume", "HRESCH") in activities


def fields(text: str) -> dict[str, str]:
    """The form as a browser would send it back."""
    found = dict(re.findall(r'<input id="[^"]+" name="([^"]+)"[^>]* value="([^"]*)"', text))
    for name, value in re.findall(r'<textarea id="[^"]+" name="([^"]+)"[^>]*>(.*?)</textarea>', text, re.DOTALL):
        found[name] = value.replace("&quot;", '"').replace("&#x27;", "'")
    return {**found, "model": "vancomycin-goti-2018"}


def test_the_form_as_it_is_first_shown_needs_only_a_title(researcher: Client):
    form = fields(researcher.get(reverse("study-new")).content.decode())
    answer = researcher.post(reverse("study-new"), {**form, "title": "First"})
    job = Job.objects.get()
    assert answer.status_code == 302
    assert answer.headers["Location"] == reverse("study", args=[job.pk])
    spec = job.parameters["spec"]
    assert (spec["title"], spec["patients"], len(spec["regimens"])) == ("First", 10_000, 2)
    assert spec["regimens"][1]["label"] == "1500 mg over 1.5 h every 12 h"
    asked = AuditEvent.objects.get(activity="study.run")
    assert (asked.entity_id, asked.actor_roles) == (str(job.pk), ["researcher"])


def test_mistakes_come_back_with_what_was_typed(researcher: Client):
    form = fields(researcher.get(reverse("study-new")).content.decode())
    answer = researcher.post(reverse("study-new"), {**form, "patients": "many", "regimen-1-amount_mg": "1 g"})
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "<li>Virtual patients: is &#x27;many&#x27;" in text
    assert "<li>Regimen 1, Dose, mg: is &#x27;1 g&#x27;" in text
    assert "<li>Title: give a text" in text
    assert 'value="many"' in text
    assert not Job.objects.exists()


def test_mistakes_name_the_fields_as_the_page_does_in_german_too_and_count_the_rows_that_are_shown(researcher: Client):
    form = fields(researcher.get(reverse("study-new")).content.decode())
    empty = {f"regimen-1-{name}": "" for name in ("label", "amount_mg", "interval_h", "duration_h", "loading_mg")}
    sent = {**form, **empty, "covariates": "no table", "days": "0"}
    text = researcher.post(reverse("study-new"), sent).content.decode()
    assert "<li>Covariates, as TOML: this is not TOML: " in text
    sent |= {"covariates": form["covariates"], "regimen-2-interval_h": "often"}
    german = researcher.post(reverse("study-new"), sent, headers={"Accept-Language": "de"}).content.decode()
    assert "<li>Titel: geben Sie einen Text" in german
    assert "<li>Tage: ist 0; geben Sie eine ganze Zahl" in german
    assert "<li>Dosierungsschema 2, Alle, h: " in german


def test_a_pasted_study_is_used_whole(researcher: Client):
    text = json.dumps(written(title="Pasted"))
    researcher.post(reverse("study-new"), {"text": text, "title": "not this"})
    assert Job.objects.get().parameters["spec"] == small(title="Pasted").to_json()


def test_the_list_names_each_study_and_its_state(researcher: Client, finished: Job, half_done: Job):
    text = researcher.get(reverse("studies")).content.decode()
    assert text.count("A small study") == 2
    assert "1/3" in text
    assert ">done<" in text


def test_a_twin_update_is_no_study(researcher: Client):
    job = Job.objects.create(kind="twin-update", key="x", enqueued_at="2026-01-01T00:00Z")
    assert researcher.get(reverse("study", args=[job.pk])).status_code == 404
