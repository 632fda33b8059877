"""What is followed: chosen by administrators, else what a site begins with, read anew by whoever asks next."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories.followed import chosen
from twins.pharmacology import formulary
from twins.records.followed import (
    NotFollowedError,
    every_model,
    followed,
    followed_at,
    held,
    model_ids,
    stopped,
    usual_drug,
)
from twins.records.kept import why_none, why_not_drug, why_not_model
from twins.records.models import FollowedVersion

pytestmark = pytest.mark.django_db
GOTI, THOMSON, COLIN = "vancomycin-goti-2018", "vancomycin-thomson-2009", "vancomycin-colin-2019"


def test_a_new_site_follows_what_its_setting_says() -> None:
    assert followed() == {drug: tuple(models) for drug, models in settings.TWIN_MODELS.items()}
    assert list(followed()) == list(settings.TWIN_MODELS)
    assert usual_drug() == "vancomycin"
    assert not stopped()


def test_the_last_choice_of_a_drug_holds_and_leaves_other_drugs_alone() -> None:
    chosen("vancomycin", COLIN)
    chosen("vancomycin", THOMSON, GOTI)
    assert model_ids("vancomycin") == (THOMSON, GOTI)
    assert {drug: models for drug, models in followed().items() if drug != "vancomycin"} == {
        drug: tuple(models) for drug, models in settings.TWIN_MODELS.items() if drug != "vancomycin"
    }
    assert next(iter(followed())) == "vancomycin", "the order of drugs stays"


def test_a_drug_without_models_is_followed_no_longer() -> None:
    chosen("vancomycin")
    assert "vancomycin" not in followed()
    assert stopped() == {"vancomycin"}
    assert usual_drug() == "gentamicin"
    with pytest.raises(NotFollowedError, match="'vancomycin'; known are: amikacin"):
        model_ids("vancomycin")
    assert why_none("vancomycin") == "No twin of Vancomycin is kept: it was not chosen here."


def test_what_was_followed_then_can_be_asked_for() -> None:
    before = timezone.now()
    chosen("vancomycin", COLIN)
    between = timezone.now()
    chosen("vancomycin")
    assert followed_at(before)["vancomycin"] == (GOTI, THOMSON)
    assert followed_at(between)["vancomycin"] == (COLIN,)
    assert "vancomycin" not in followed_at(timezone.now() + timedelta(seconds=1))
    assert every_model("vancomycin") == (COLIN, GOTI, THOMSON)


def test_a_chosen_model_that_is_not_known_here_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    chosen("vancomycin", "our-own-2026", THOMSON)
    chosen("gentamicin", "our-own-2026")
    chosen("amikacin", "tobramycin-hennig-2013")
    assert model_ids("vancomycin") == (THOMSON,)
    assert {"gentamicin", "amikacin"}.isdisjoint(followed())
    assert "models that vancomycin is followed by are not known here: ['our-own-2026']" in caplog.text


def test_it_is_read_once_while_it_is_held_and_anew_afterwards() -> None:
    with CaptureQueriesContext(connection) as asked, held():
        assert model_ids("vancomycin") == (GOTI, THOMSON)
        chosen("vancomycin", COLIN)
        assert model_ids("vancomycin") == (GOTI, THOMSON)
        assert not stopped()
    reads = [one["sql"] for one in asked if one["sql"].startswith("SELECT") and "followedversion" in one["sql"]]
    assert len(reads) == 2, "one of them by the choice itself"
    assert model_ids("vancomycin") == (COLIN,)
    with CaptureQueriesContext(connection) as asked:
        followed()
    assert len(asked) == 1, "however often it was changed"


def test_the_database_lets_nobody_change_a_choice() -> None:
    chosen("vancomycin", COLIN)
    for change in (lambda rows: rows.update(reason="other"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(FollowedVersion.objects.all())


def test_what_a_site_begins_with_could_be_chosen_too() -> None:
    for drug, models in settings.TWIN_MODELS.items():
        assert why_not_drug(drug) == ""
        assert [why_not_model(formulary.model(model_id)) for model_id in models] == [""] * len(models)


@pytest.mark.parametrize(
    ("drug", "why"),
    [
        ("phenytoin", "no door takes in levels of it"),
        ("theophylline", "Yano 1993 needs carbon dioxide tension of arterial blood, which no door brings"),
        ("ibrutinib", "no target that could be cited"),
        ("infliximab", "further apart than a twin follows"),
    ],
)
def test_a_drug_that_lacks_something_could_not(drug: str, why: str) -> None:
    assert why in why_not_drug(drug)
    assert why in why_none(drug)
