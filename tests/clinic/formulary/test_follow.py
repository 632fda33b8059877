"""An administrator chooses what is followed: by a page, with a reason, on record, and for everybody at once."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic.access.actor import actor_of
from clinic.access.roles import Role
from clinic.audit.models import AuditEvent, Outcome
from clinic.formulary import follow
from tests.factories import patient_records
from tests.factories.followed import chosen
from twins.pharmacology import formulary
from twins.records.followed import followed, model_ids
from twins.records.models import FollowedVersion, Job, JobKind

pytestmark = pytest.mark.django_db
LIST, PAGE = "/formulary/followed", "/formulary/followed/vancomycin"
GOTI, THOMSON, COLIN = "vancomycin-goti-2018", "vancomycin-thomson-2009", "vancomycin-colin-2019"
GERMAN = {"Accept-Language": "de"}


@pytest.fixture
def addie(client: Client) -> User:
    user = patient_records.person("addie", Role.ADMINISTRATOR, team=None)
    client.force_login(user)
    return user


def choose(client: Client, *models: str, drug: str = "vancomycin", after: int = 0, **other: str) -> Any:
    """The form with these models at places 1, 2, …; `other` is sent besides or instead."""
    places = {f"place-{model}": str(place) for place, model in enumerate(models, 1)}
    given = {"reason": "As the committee decided.", "after": str(after), **places, **other}
    return client.post(f"/formulary/followed/{drug}", given)


def refused(answer: Any) -> str:
    """What a refused form says."""
    assert answer.status_code == 422
    page = " ".join(answer.content.decode().split())
    return page.partition('role="alert"><p>')[2].partition("</p>")[0].replace("&#x27;", "'")


def test_what_is_chosen_holds_at_once_and_is_kept_with_reason_and_person(client: Client, addie: User) -> None:
    answer = choose(client, COLIN, GOTI)
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)
    assert model_ids("vancomycin") == (COLIN, GOTI)
    made = FollowedVersion.objects.get()
    assert (made.number, made.model_ids, made.made_by) == (1, [COLIN, GOTI], f"user-{addie.pk}")
    page = client.get(PAGE).content.decode()
    assert "by Addie Test. Reason: As the committee decided." in page
    assert "Colin 2019, Goti 2018" in page
    clinician = Client()
    clinician.force_login(patient_records.person())
    assert (
        'Followed here by <span translate="no">Colin 2019, Goti 2018</span>.'
        in clinician.get("/formulary").content.decode()
    )


def test_each_change_is_on_record_with_keys_alone(client: Client, addie: User) -> None:
    choose(client, COLIN)
    choose(client, after=1, stop="1")
    choose(client, GOTI, after=2)
    events = list(AuditEvent.objects.filter(entity_type="FollowedVersion").order_by("sequence"))
    assert [event.activity for event in events] == ["formulary.models", "formulary.stop", "formulary.follow"]
    assert events[0].detail == {"drug": "vancomycin", "before": [GOTI, THOMSON], "after": [COLIN]}
    assert events[1].detail["after"] == []
    assert {event.actor for event in events} == {f"user-{addie.pk}"}
    assert {event.purpose for event in events} == {"HOPERAT"}
    assert "committee" not in str([event.__dict__ for event in events])


def test_without_its_audit_event_nothing_is_changed(
    client: Client, addie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("the trail cannot be written")

    monkeypatch.setattr(follow, "record", broken)
    with pytest.raises(RuntimeError, match="trail"):
        choose(client, COLIN)
    assert not FollowedVersion.objects.exists()
    assert not Job.objects.exists()


def test_twins_by_the_new_models_are_asked_for_and_the_page_says_how_far_that_is(client: Client, addie: User) -> None:
    choose(client, COLIN)
    job = Job.objects.get(kind=JobKind.MODELS_CHANGE)
    assert (job.key, job.asked_by) == ("vancomycin", f"user-{addie.pk}")
    page = client.get(PAGE).content.decode()
    assert f'hx-get="{PAGE}" hx-trigger="every 2s"' in page
    part = client.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "Updates are being asked for" in part
    Job.objects.update(state="done", total=3, done=3)
    Job.objects.create(kind=JobKind.TWIN_UPDATE, key="someone/vancomycin", enqueued_at=job.enqueued_at)
    assert "2 of 3 patients have them" in client.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    Job.objects.update(state="done")
    over = client.get(PAGE).content.decode()
    assert "3 of 3 patients have them" in over
    assert "hx-get" not in over


def test_to_stop_asks_for_no_twins(client: Client, addie: User) -> None:
    assert choose(client, stop="1").status_code == 302
    assert "vancomycin" not in followed()
    assert not Job.objects.exists()
    page = client.get(PAGE).content.decode()
    assert "Choose the models to follow it by" in page
    assert "Stop following" not in page
    assert "No twin of Vancomycin is kept: it was not chosen here." in client.get("/formulary").content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"place-vancomycin-goty-2018": "1"}, "no model is called 'vancomycin-goty-2018'; did you mean 'vancomycin-g"),
        (
            {"place-gentamicin-xuan-2004-adult": "1"},
            "Xuan 2004 (adults) is one of gentamicin, not of vancomycin",
        ),
        ({"place-piperacillin-chen-2016": "1"}, "piperacillin-chen-2016 was read and left out: tucuxi-drugs raises"),
        ({}, "No model has a place; give one of them place 1, or stop following vancomycin instead."),
        ({f"place-{GOTI}": "first"}, "The place of Goti 2018 is 'first'; give 1, 2, 3 … or leave it empty."),
        ({f"place-{GOTI}": "0"}, "The place of Goti 2018 is '0'"),
        ({f"place-{GOTI}": "1", f"place-{COLIN}": "1"}, "Colin 2019 and another model both have place 1; give each"),
        ({f"place-{COLIN}": "1", "reason": " "}, "Give a reason of up to 500 characters."),
        ({f"place-{COLIN}": "1", "reason": "x" * 501}, "Give a reason of up to 500 characters."),
        ({f"place-{COLIN}": "1", "after": "1"}, "Somebody else changed this meanwhile; look at what holds now"),
        ({f"place-{COLIN}": "1", "after": "none"}, "Somebody else changed this meanwhile"),
        ({f"place-{GOTI}": "1", f"place-{THOMSON}": "2"}, "This holds already; nothing was changed."),
    ],
)
def test_what_cannot_work_is_refused_with_field_value_and_remedy(
    client: Client, addie: User, given: dict[str, str], said: str
) -> None:
    assert said in refused(choose(client, **given))
    assert not FollowedVersion.objects.exists()
    assert not Job.objects.exists()
    assert not AuditEvent.objects.filter(activity__startswith="formulary.").exists()


@pytest.mark.parametrize(
    ("drug", "model", "said"),
    [
        ("amikacin", "amikacin-romano-1998", "Romano 1998 cannot be chosen: Romano 1998 only simulates and learns"),
        ("piperacillin", "piperacillin-kim-2022", "needs cystatin c, which no door brings. Choose another."),
        ("phenytoin", "phenytoin-tanaka-2012", "Phenytoin cannot be followed: no door takes in levels of it"),
        ("unbound meropenem", "meropenem-gijsen-2021", "cannot be followed: no door has a code for it"),
        ("ibrutinib", "ibrutinib-mapbayr-run911", "cannot be followed: no target that could be cited"),
    ],
)
def test_a_drug_or_a_model_that_lacks_something_is_refused(
    client: Client, addie: User, drug: str, model: str, said: str
) -> None:
    assert said in refused(choose(client, model, drug=drug))
    assert not FollowedVersion.objects.exists()


def test_a_refused_form_keeps_what_was_entered(client: Client, addie: User) -> None:
    page = choose(client, COLIN, THOMSON, reason="x" * 501).content.decode()
    row = page.partition(f'name="place-{COLIN}"')[2].partition("</select>")[0]
    assert '<option value="1" selected>' in row
    assert "x" * 501 in page


def test_the_last_drug_cannot_be_stopped(client: Client, addie: User) -> None:
    for drug in list(followed())[1:]:
        chosen(drug)
    assert "Only vancomycin is followed; follow another drug first" in refused(choose(client, stop="1"))


def test_of_two_administrators_the_second_is_refused_and_sees_what_the_first_chose(client: Client, addie: User) -> None:
    other = Client()
    other.force_login(patient_records.person("bert", Role.ADMINISTRATOR, team=None))
    assert choose(client, COLIN).status_code == 302
    answer = choose(other, THOMSON)
    assert "Somebody else changed this meanwhile" in refused(answer)
    assert 'name="after" value="1"' in answer.content.decode()
    assert "by Addie Test" in answer.content.decode()
    assert choose(other, THOMSON, after=1).status_code == 302


def test_the_list_shows_every_drug_with_its_models_and_why_some_cannot_be_followed(client: Client, addie: User) -> None:
    choose(client, COLIN, GOTI)
    page = " ".join(client.get(LIST).content.decode().split())
    for name in formulary.drugs():
        assert formulary.drug(name).title in page
        for model_id in formulary.drug(name).models:
            assert f'href="/formulary/{model_id}"' in page
    assert "11 drugs are followed" in page
    vancomycin = page.partition('id="drug-vancomycin"')[2].partition("</section>")[0]
    assert vancomycin.index("Colin 2019") < vancomycin.index("Goti 2018") < vancomycin.index("Thomson 2009")
    for shown in ("Ther Drug Monit 2018;40:212-221", "ships with the product", "by Addie Test", "not used", "Ranges"):
        assert shown in vancomycin, shown
    assert "high-alert medication" in page.partition('id="drug-digoxin"')[2].partition("</h3>")[0]
    assert "As the site began" in page.partition('id="drug-digoxin"')[2].partition("</section>")[0]
    assert "No door takes in levels of it, and it is not given by the population alone." in page


def test_a_drug_that_was_stopped_stands_among_those_that_could_be_followed(client: Client, addie: User) -> None:
    choose(client, stop="1")
    page = client.get(LIST).content.decode()
    assert page.index("10 drugs are followed") < page.index("Could be followed") < page.index('id="drug-vancomycin"')


def test_a_model_whose_file_is_gone_is_named(client: Client, addie: User) -> None:
    chosen("vancomycin", "our-own-2026", THOMSON)
    for address in (LIST, PAGE):
        page = client.get(address).content.decode()
        assert "Chosen and not known here, so it is not used" in page
        assert "our-own-2026" in page


def test_the_number_of_queries_does_not_grow_with_the_changes(client: Client, addie: User) -> None:
    counts = []
    for _ in range(2):
        for drug in ("vancomycin", "gentamicin"):
            chosen(drug, formulary.drug(drug).models[1])
            chosen(drug, formulary.drug(drug).models[0])
        with CaptureQueriesContext(connection) as asked:
            client.get(LIST)
            client.get(PAGE)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 30


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_administrators_choose_and_the_refusal_is_recorded(client: Client, role: Role) -> None:
    client.force_login(patient_records.person("other", role))
    assert choose(client, COLIN).status_code == 403
    assert client.get(LIST).status_code == 403
    assert not FollowedVersion.objects.exists()
    assert AuditEvent.objects.filter(activity="page.followed-drug", outcome=Outcome.REFUSED).exists()
    if role is not Role.AUDITOR and role is not Role.INTEGRATION:
        assert LIST not in client.get("/formulary").content.decode()


def test_the_verbs_refuse_whoever_has_no_right(addie: User) -> None:
    mira = patient_records.person()
    change = {"drug": "vancomycin", "reason": "x", "after": 0, "by": mira, "actor": actor_of(mira)}
    with pytest.raises(PermissionDenied):
        follow.follow(model_ids=[COLIN], **change)
    with pytest.raises(PermissionDenied):
        follow.stop(**change)


def test_a_drug_of_nobody_is_not_found(client: Client, addie: User) -> None:
    assert client.get("/formulary/followed/aspirin").status_code == 404
    assert choose(client, COLIN, drug="aspirin").status_code == 404


def test_of_two_at_the_same_moment_the_database_lets_one_through(
    client: Client, addie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other's row comes in after this one was compared with what was on the page."""
    known = follow.key_of

    def late(user: User) -> str:
        chosen("vancomycin", THOMSON)
        return known(user)

    monkeypatch.setattr(follow, "key_of", late)
    assert "Somebody else changed this just now; load the page again." in refused(choose(client, COLIN))
    assert not AuditEvent.objects.filter(activity__startswith="formulary.").exists()
