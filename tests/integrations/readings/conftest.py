"""A source, and readings taken in from it."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.readings.accept import AcceptReport, open_reading
from integrations.readings.inbox import receive
from integrations.readings.models import Source
from tests.integrations.resources import as_bytes, bundle

TakeIn = Callable[..., AcceptReport]


@pytest.fixture
def source(db: None) -> Source:
    return Source.objects.create(slug="ward", address="http://ward.test/fhir")


@pytest.fixture
def take_in(source: Source) -> TakeIn:
    """Receive and open one Bundle of the resources, or the bytes given."""

    def take(*resources: Any, content_type: str = "application/fhir+json") -> AcceptReport:
        content = resources[0] if isinstance(resources[0], bytes) else as_bytes(bundle(*resources))
        return open_reading(receive(source, content, content_type=content_type, origin="http://ward.test/fhir/x"))

    return take
