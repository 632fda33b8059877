"""Decisions are signed and read in German when asked, and in English otherwise; what is stored is the same."""

import pytest
from django.utils import translation

from clinic.decisions.models import Decision
from clinic.decisions.refusal import ReasonMissingError, stated
from clinic.twin_words.said import said
from tests.clinic.decisions import stored_decision
from tests.clinic.decisions.conftest import signed
from tests.clinic.decisions.test_stored_decision import STORED
from twins.records.models import Comparison
from twins.records.replay import replay

pytestmark = pytest.mark.django_db


def page(client, comparison, language="de"):
    return client.get(f"/comparisons/{comparison.pk}", headers={"Accept-Language": language}).content.decode()


def test_the_sign_off_speaks_german_when_asked_and_english_otherwise(client, comparison, user):
    client.force_login(user)
    assert "Gewählten Plan unterschreiben" in page(client, comparison)
    assert "Sign the chosen plan" in page(client, comparison, "en")
    signed(comparison, user)
    assert "Plan B ist unterschrieben" in page(client, comparison)
    assert "Plan B is signed" in page(client, comparison, "en")


def test_a_refusal_says_in_german_what_to_do(client, comparison, user):
    client.force_login(user)
    sent = {"digest": comparison.digest, "reason": " "}
    answer = client.post(f"/comparisons/{comparison.pk}/decline", sent, headers={"Accept-Language": "de"})
    assert answer.status_code == 409
    assert "Die Begründung ist leer; sagen Sie in wenigen Worten, warum Sie so entscheiden." in answer.content.decode()
    with pytest.raises(ReasonMissingError, match="The reason is empty"):
        stated(" ", 10)


def test_what_is_stored_does_not_depend_on_the_language(comparison, user):
    with translation.override("de"):
        decision = signed(comparison, user)
        german = decision.digest()
    kept = Decision.objects.get()
    assert (kept.digest(), kept.comparison_digest) == (german, comparison.digest)
    assert str(kept.standing) == "signed"


def test_a_stored_decision_is_computed_again_alike_while_german_is_spoken():
    content = stored_decision.load(STORED[-1])
    with translation.override("de"):
        assert [row.digest() for row in Decision.objects.order_by("number")] == content["content"]
        comparison = Comparison.objects.get()
        assert replay(comparison).ok
        for forecast in comparison.result["forecasts"]:
            assert "% Wahrscheinlichkeit für eine AUC24" in said(forecast["sentence"])
