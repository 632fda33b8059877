"""A small hospital, and its source."""

from typing import Any

import pytest

from integrations.readings.models import Source
from tests.integrations.ehr.server import BASE
from tests.integrations.resources import (
    administration,
    condition,
    encounter,
    observation,
    patient,
    request,
    strip,
)


@pytest.fixture
def source(db: None) -> Source:
    return Source.objects.create(slug="ehr", address=BASE)


@pytest.fixture
def hospital() -> list[dict[str, Any]]:
    """Four patients with levels, strips, doses and orders: 13 resources each, on several pages."""
    found: list[dict[str, Any]] = [{"resourceType": "Device", "id": "d1", "status": "active"}]
    found[0]["meta"] = {"versionId": "1", "lastUpdated": "2026-03-01T08:00:00Z"}
    for number in range(4):
        who = f"p{number}"
        found += [
            patient(who),
            encounter(f"e{number}", of=who),
            request(f"r{number}", of=who),
            strip(f"s{number}", of=who),
        ]
        found += [observation(f"o{number}-{i}", value=10 + i, of=who, at=f"2026-03-02T0{i}:00:00Z") for i in range(4)]
        found += [administration(f"a{number}-{i}", of=who) for i in range(4)]
    found.append(condition("c0", of="p0"))
    return found
