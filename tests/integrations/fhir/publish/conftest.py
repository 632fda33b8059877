"""A patient with records, whose twins and comparison a worker made."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from clinic.patients.models import Patient
from integrations.readings.models import Resource, Source
from tests.factories.chart import Chart
from tests.factories.learned import learn
from twins.records.models import TwinVersion

Update = Callable[[], TwinVersion]
_exact = msgspec.json.Decoder(float_hook=Decimal)


@pytest.fixture
def chart(db: None) -> Chart:
    Source.objects.create(slug="ward", address="http://ward.test/fhir")
    return Chart.of().stable()


@pytest.fixture
def patient(chart: Chart) -> Patient:
    return Patient.objects.create(
        subject=chart.subject, source_key="ward/Patient/p1", family_name="Okafor", given_name="Daniel", sex="male"
    )


@pytest.fixture
def update(patient: Patient) -> Update:
    """Let the twins learn; the newest version of the first model."""

    def learned() -> TwinVersion:
        learn(patient.subject)
        return TwinVersion.objects.filter(model_id="vancomycin-goti-2018").latest("number")

    return learned


def published(kind: str, **where: Any) -> list[dict[str, Any]]:
    """What is in force of a type, as it is stored."""
    rows = Resource.objects.filter(source_key__startswith=f"twin/{kind}/", **{"is_current": True, **where})
    return [msgspec.json.decode(row.text) for row in rows.order_by("pk")]


def exactly(text: str) -> Any:
    """JSON with its decimals as they are written."""
    return _exact.decode(text)
