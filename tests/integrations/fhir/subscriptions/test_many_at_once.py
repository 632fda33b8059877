"""Many transactions and several workers at once: numbers without gaps, order kept, nobody in another's way."""

from pathlib import Path

import pytest
from django.conf import settings

from tests.integrations.fhir.subscriptions.many_at_once import TOLD
from tests.integrations.fhir.subscriptions.receiver import Receiver
from tests.twins.jobs.workers import Workers


def test_numbers_have_no_gaps_and_come_in_order(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.SUBSCRIPTION_PRIVATE_ADDRESSES
    monkeypatch.setenv("SUBSCRIPTION_PRIVATE_ADDRESSES", "1")
    module = "tests.integrations.fhir.subscriptions.many_at_once"
    with Workers(tmp_path / "site") as site, Receiver() as another:
        site.manage("shell", "--no-imports", "-c", f"from {module} import run; run({receiver.url!r}, {another.url!r})")
        assert receiver.numbers == list(range(1, TOLD + 1))
        assert another.numbers == list(range(1, TOLD + 1))
        assert site.sql("select count(*) from subscriptions_event where number is null") == [(0,)]
