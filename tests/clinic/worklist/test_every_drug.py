"""The pages of a patient on each drug that twins are kept for, from the worklist to a signed plan."""

import re
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from clinic.access.actor import actor_of
from clinic.decisions.models import Decision
from clinic.decisions.sign import sign
from clinic.patients.models import Patient
from tests.factories import chart as charts
from tests.factories import patient_records as rows
from twins.forecasts.limits import Limits
from twins.forecasts.optimise import way_in
from twins.forecasts.rehearsal import made_up
from twins.forecasts.simulate import concentrations
from twins.jobs.update import request_update, run
from twins.pharmacology import formulary
from twins.quantities.dose import Route
from twins.records.courses import build_course
from twins.records.models import Comparison, GivenDose, Order
from twins.samples.channel import Channel

pytestmark = pytest.mark.django_db
HOURS = 36.0


@pytest.fixture
def user(client: Any) -> User:
    found = rows.person()
    client.force_login(found)
    return found


@pytest.fixture
def patient(user: User, monkeypatch: pytest.MonkeyPatch, drug: str) -> Patient:
    """A day and a half on a dose from the middle of what is given, with the level of a typical patient of the model."""
    monkeypatch.setattr(charts, "START", timezone.now() - timedelta(hours=HOURS + 1.0))
    found = rows.patient()
    found.subject.age_years, found.subject.age_as_of = 50, timezone.now().date()
    found.subject.save()
    chart = charts.Chart(found.subject)
    for channel, value in (("weight", 70), ("height", 172), ("creatinine", 1), ("albumin", 40), ("haematocrit", 0.34)):
        chart.sample(Channel(channel), -2.0, float(value))
    known = formulary.drug(drug)
    model = formulary.model(settings.TWIN_MODELS[drug][0])
    route = way_in(model, made_up(model))
    limits = Limits.of(known.practice, route=route)
    amount, every = limits.amounts_mg[len(limits.amounts_mg) // 2], limits.intervals_h[0]
    length = limits.shortest(amount) if route is Route.INTRAVENOUS else 0.0
    said = {"drug": drug, "amount_mg": amount, "duration_h": length, "route": route.value}
    Order.objects.create(**chart._sourced("MedicationRequest", 0.0, {}), interval_h=every, **said)
    for number in range(int(HOURS / every)):
        GivenDose.objects.create(**chart._sourced("MedicationAdministration", every * number, {}), **said)
    if known.level_channel is not None:
        course = build_course(found.subject, drug)
        assert course is not None
        typical = concentrations(model, course, np.zeros((1, len(model.etas))), None, [HOURS - 0.5])
        chart.sample(known.level_channel, HOURS - 0.5, float(typical[0, 0]))
    run(str(request_update(found.subject, drug).pk))
    return found


def page(client: Any, address: str, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, (address, answer.content[:400])
    text = str(answer.content.decode())
    assert not re.search(r"\b(inf|nan)\b", re.sub(r"<[^>]*>", " ", text)), address
    return text


@pytest.mark.parametrize("drug", list(settings.TWIN_MODELS))
def test_each_page_answers_in_both_languages_before_and_after_a_plan_is_signed(
    client: Any, user: User, patient: Patient, drug: str
) -> None:
    comparison = Comparison.objects.get(twin_version__drug=drug, is_default=True)
    at = f"/patients/{patient.pk}"
    own = [f"/comparisons/{comparison.pk}", f"/comparisons/{comparison.pk}/note", f"{at}?drug={drug}", "/"]
    for language in ("en", "de"):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        for address in (*own, f"{at}/compare?drug={drug}"):
            page(client, address)
        preview = page(
            client,
            f"{at}/compare/preview?drug={drug}&stop=1&models=averaged&why=current",
            **{"HX-Request": "true"},
        )
        assert "<table" in preview
    found = re.findall(rf'href="({at}/(?:values|records|question)[^"]*)"', page(client, f"{at}?drug={drug}"))
    assert found
    for address in {*found}:
        page(client, address.replace("&amp;", "&"))
    asked = re.findall(r'name="acknowledged" value="([^"]*)"', page(client, own[0]))
    assert "level-does-not-fit" not in asked
    who: dict[str, Any] = {"by": user, "actor": actor_of(user)}
    sign(comparison=comparison, plan_position=1, reason="In target.", acknowledged=asked, **who)
    for address in own:
        page(client, address)
    assert Decision.objects.get(comparison=comparison).chosen_plan == 1
