"""The services for each drug of the formulary: twins of several drugs, doses by mouth, and what is not advised on."""

from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.test import Client

from clinic.patients.models import Patient
from integrations.codes.drugs import ATC, DRUGS
from integrations.readings.door import check, decode
from integrations.readings.models import Source
from integrations.readings.reference import Names
from integrations.readings.request import read_draft
from tests.factories.chart import Chart
from tests.factories.followed import chosen
from tests.factories.learned import learn
from tests.integrations.cds_hooks.calls import SERVER, draft, sign_call
from tests.integrations.cds_hooks.conftest import NOW, Ask
from tests.integrations.resources import SNOMED, concept
from twins.pharmacology import formulary
from twins.quantities.dose import Route
from twins.records.kept import missing_at_doors, why_none
from twins.records.models import GivenDose, Order, StoredSample
from twins.records.twins import latest
from twins.samples.channel import Channel

pytestmark = pytest.mark.django_db
SIGN, VIEW = "patient-twin-order-sign", "patient-twin-view"
VEIN, MOUTH = concept(SNOMED, "47625008"), concept(SNOMED, "26643006")


def order_of(code: str, amount: Any, *, every: Any = 24, by: Any = VEIN, minutes: int = 30) -> dict[str, Any]:
    """A draft of another drug, by its ATC code."""
    order = draft(amount=amount, every=every, medicationCodeableConcept=concept(ATC, code))
    (instruction,) = order["dosageInstruction"]
    repeat = instruction["timing"]["repeat"]
    repeat |= {"duration": minutes, "durationUnit": "min"}
    if by is MOUTH:
        del repeat["duration"], repeat["durationUnit"]
    instruction["route"] = by
    return order


def person(**personal: Any) -> Chart:
    """Somebody with weight, height, creatinine, albumin and haematocrit, known from the client's server as p1."""
    chart = Chart.of(**personal)
    for channel, value in (
        (Channel.WEIGHT, 70.0),
        (Channel.HEIGHT, 172.0),
        (Channel.CREATININE, 1.0),
        (Channel.ALBUMIN, 40.0),
        (Channel.HAEMATOCRIT, 0.34),
    ):
        chart.sample(channel, -2.0, value)
    Source.objects.create(slug="ward", address=SERVER)
    Patient.objects.create(subject=chart.subject, source_key="ward/Patient/p1", family_name="Okafor", sex="male")
    return chart


def on_drug(chart: Chart, drug: str, amount: float, *, every: float, route: Route, hours: float = 0.0) -> Chart:
    """A day and a half on a regimen that began at the chart's start."""
    given = {"drug": drug, "amount_mg": amount, "duration_h": hours, "route": route.value}
    Order.objects.create(**chart._sourced("MedicationRequest", 0.0, {}), interval_h=every, **given)
    for number in range(int(36 / every)):
        GivenDose.objects.create(**chart._sourced("MedicationAdministration", every * number, {}), **given)
    return chart


def only(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    (card,) = answer.json()["cards"]
    return dict(card)


def learned(chart: Chart, drug: str) -> None:
    learn(chart.subject, drug)


CASES = {
    "gentamicin": (order_of("J01GB03", 320), (320.0, 24.0, Route.INTRAVENOUS, 0.5), 1.4, "AUC24 of 70–100"),
    "meropenem": (order_of("J01DH02", 1000, every=8), (1000.0, 8.0, Route.INTRAVENOUS, 0.5), None, "above 2 mg/L"),
    "tacrolimus": (order_of("L04AD02", 3, every=12, by=MOUTH), (4.0, 12.0, Route.ORAL, 0.0), 9.5, "trough"),
    "digoxin": (order_of("C01AA05", 0.25, by=MOUTH), (0.125, 24.0, Route.ORAL, 0.0), 0.6, "trough of 0.5–1"),
}


@pytest.mark.parametrize("drug", CASES)
def test_a_draft_is_tried_on_the_twin_of_its_own_drug(ask: Ask, at_the_time: None, drug: str) -> None:
    order, (amount, every, route, hours), level, aim = CASES[drug]
    chart = on_drug(person(age_years=66), drug, amount, every=every, route=route, hours=hours)
    if level is not None:
        chart.sample(Channel(drug), 35.5, level)
    learned(chart, drug)
    card = only(ask(SIGN, sign_call(order)))
    version = latest(chart.subject, drug)
    assert version is not None
    model = formulary.model(formulary.drug(drug).models[0])
    assert card["extension"]["org.patient-twin.basis"] == {
        "model": model.id,
        "modelVersion": model.version,
        "course": version.course_digest,
        "twinVersion": str(version.pk),
        "twinNumber": "1",
        "twinDigest": version.digest,
    }
    assert card["summary"].startswith(f"{formulary.drug(drug).title} ")
    assert "in target" in card["summary"]
    assert aim in card["detail"]
    fitted = "fitted to 1 level of this patient" if level is not None else "no level yet"
    assert fitted in card["detail"]
    how = "by mouth" if route is Route.ORAL else "over 0.5 h"
    assert (
        f"Draft order: {order['dosageInstruction'][0]['doseAndRate'][0]['doseQuantity']['value']} mg {how}"
        in (card["detail"])
    )
    assert model.intended[0].rstrip(".") in card["detail"], "what the model was made for stands on the card"
    for suggestion in card.get("suggestions", ()):
        text = msgspec.json.encode(suggestion["actions"][0]["resource"]).decode()
        check("MedicationRequest", text, decode(text))
        (*_, ordered) = read_draft(decode(text), Names("ward", ""), lambda _: None, NOW)
        assert (ordered.drug, ordered.route) == (drug, route)


def test_every_twin_of_a_patient_is_shown_when_the_chart_is_opened(ask: Ask, at_the_time: None) -> None:
    chart = person(age_years=66)
    for drug in ("gentamicin", "digoxin"):
        _, (amount, every, route, hours), _, _ = CASES[drug]
        on_drug(chart, drug, amount, every=every, route=route, hours=hours)
        learned(chart, drug)
    cards = ask(VIEW).json()["cards"]
    assert [card["summary"].partition(":")[0] for card in cards] == ["Gentamicin", "Digoxin"]


def test_targets_of_which_one_holds_by_phase_are_each_shown_and_nothing_is_suggested(
    ask: Ask, at_the_time: None
) -> None:
    order, (amount, every, route, hours), level, _ = CASES["tacrolimus"]
    chart = on_drug(person(age_years=50), "tacrolimus", amount, every=every, route=route, hours=hours)
    chart.sample(Channel.TACROLIMUS, 35.5, level)
    learned(chart, "tacrolimus")
    card = only(ask(SIGN, sign_call(order)))
    assert "suggestions" not in card
    for target in formulary.drug("tacrolimus").targets:
        assert target.name in card["detail"]
    assert card["indicator"] in ("warning", "critical")


def test_a_first_order_by_mouth_is_tried_on_the_population(ask: Ask, at_the_time: None) -> None:
    person(age_years=66)
    card = only(ask(SIGN, sign_call(CASES["digoxin"][0])))
    assert "A twin made for this answer alone" in card["detail"]
    assert "0.25 mg by mouth every 24 h" in card["detail"]


@pytest.mark.parametrize(
    ("personal", "order", "words"),
    [
        ({"age_years": 3}, order_of("J01GB03", 60), "3 years old; Xuan 2004 (adults) was made for ages from 16"),
        ({"age_years": None, "age_as_of": None}, order_of("L04AD02", 3, every=12, by=MOUTH), "age"),
        ({"age_years": 66}, order_of("N03AA02", 20), "66 years old; Grasela 1985"),
        ({"age_years": 66}, order_of("L04AD02", 3, every=12), "doses by mouth alone"),
        ({"age_years": 66}, order_of("L01BA01", 500), "No twin of Methotrexate (high dose) is kept"),
        ({"age_years": 66}, order_of("B01AA03", 5, by=MOUTH), "no door brings"),
        ({"age_years": 66}, order_of("J01CR05", 4500, every=8), "holds piperacillin and another drug"),
    ],
    ids=[
        "a child",
        "no age",
        "an adult on a newborn's drug",
        "wrong way in",
        "no twin",
        "no genotype",
        "a combination",
    ],
)
def test_where_the_twin_has_no_say_the_card_says_why(
    ask: Ask, at_the_time: None, personal: dict[str, Any], order: dict[str, Any], words: str
) -> None:
    person(**personal)
    card = only(ask(SIGN, sign_call(order)))
    assert card["summary"].endswith("the draft order could not be tried on the patient's twin")
    assert words.replace("(", "\\(").replace(")", "\\)") in card["detail"]
    assert "suggestions" not in card


def test_on_dialysis_a_model_that_does_not_know_of_it_has_no_say(ask: Ask, at_the_time: None) -> None:
    chart = person(age_years=66)
    chart.subject.haemodialysis_since = NOW.replace(year=2025)
    chart.subject.save()
    card = only(ask(SIGN, sign_call(CASES["gentamicin"][0])))
    assert "on haemodialysis, which Xuan 2004 \\(adults\\) does not know of" in card["detail"]


def test_beyond_the_populations_range_numbers_are_shown_and_nothing_is_suggested(ask: Ask, at_the_time: None) -> None:
    chart = person(age_years=66)
    StoredSample.objects.filter(subject=chart.subject, channel=Channel.WEIGHT).update(value=120.0)
    card = only(ask(SIGN, sign_call(order_of("C01AA05", 0.5, by=MOUTH))))
    assert "above the 89 of the model's population" in card["detail"]
    assert "suggestions" not in card
    assert card["indicator"] in ("warning", "critical")


def test_the_first_model_of_the_formulary_makes_the_comparisons() -> None:
    for drug, models in settings.TWIN_MODELS.items():
        known = formulary.drug(drug)
        assert models[0] == known.models[0]
        assert known.targets, "without a target nothing could be advised"
        for model in map(formulary.model, models):
            assert model.residuals, "it learns from levels"
            assert not missing_at_doors(model)


def test_every_drug_of_the_formulary_has_a_twin_or_a_reason_and_a_code() -> None:
    for drug in formulary.drugs():
        assert (why_none(drug) == "") == (drug in settings.TWIN_MODELS)
    coded = set(DRUGS.values())
    assert coded <= set(formulary.drugs())
    assert {drug for drug in formulary.drugs() if not drug.startswith("unbound ")} == coded


def test_what_administrators_choose_is_what_the_services_ask_for_and_answer_about(
    ask: Ask, client: Client, at_the_time: None
) -> None:
    chart = on_drug(person(age_years=66), "gentamicin", 320.0, every=24.0, route=Route.INTRAVENOUS, hours=0.5)
    learned(chart, "gentamicin")

    def asked() -> str:
        return str(client.get("/cds-services").json()["services"][0]["prefetch"]["administrations"])

    order = CASES["gentamicin"][0]
    assert "J01GB03" in asked()
    assert ask(VIEW).json()["cards"]
    chosen("gentamicin")
    assert "J01GB03" not in asked()
    assert ask(VIEW).json()["cards"] == []
    assert "No twin of Gentamicin is kept: it was not chosen here" in only(ask(SIGN, sign_call(order)))["detail"]
    chosen("gentamicin", "gentamicin-rosario-adult-oncology")
    learned(chart, "gentamicin")
    assert "Rosario" in str(ask(SIGN, sign_call(order)).json()["cards"])
