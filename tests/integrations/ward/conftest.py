"""A ward of the third day, served on a free port of this process."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from integrations.ward.clock import WardClock
from integrations.ward.faults import FaultPlan
from integrations.ward.server import WardServer
from integrations.ward.ward import Ward

EPOCH = datetime(2026, 3, 1, 8, tzinfo=UTC)
SEED = 5


@pytest.fixture(scope="package")
def server() -> Iterator[WardServer]:
    ward = Ward(seed=SEED, clock=WardClock(EPOCH, hours_known=72, speed=0))
    with WardServer(ward) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.stop()
        thread.join(timeout=10)


@pytest.fixture
def ward(server: WardServer) -> Iterator[Ward]:
    """The served ward, set back to the third day without faults afterwards."""
    yield server.ward
    server.ward.clock.set_hours(72)
    server.token = ""
    if server.ward.state[1].plan.names:
        server.ward.set_faults(FaultPlan())


@pytest.fixture
def client(server: WardServer, ward: Ward) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.address + "/", trust_env=False, timeout=10) as client:
        yield client


def pages(client: httpx.Client, url: str, *, at_most: int = 400) -> list[dict]:
    """Every page of a search, by its `next` links."""
    found = []
    while url:
        page = client.get(url).raise_for_status().json()
        found.append(page)
        assert len(found) <= at_most, "the next links do not end"
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
    return found


def resources(client: httpx.Client, url: str) -> list[dict]:
    return [entry["resource"] for page in pages(client, url) for entry in page.get("entry", [])]
