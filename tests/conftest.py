"""What every test has: settings read once, and a last word on what this machine could not run."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests import environment

CHROMIUM = Path("/usr/bin/chromium")
SHARED = environment.ROOT.parent / "shared"


def pytest_configure() -> None:
    assert settings.VAR_DIR  # the settings are read here, before the servers are forgotten
    environment.forget_servers()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("browser") and not CHROMIUM.exists():
            item.add_marker(pytest.mark.skip(reason=f"no browser: {CHROMIUM} is not installed"))
        if item.get_closest_marker("postgresql") and not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
            item.add_marker(pytest.mark.skip(reason="not on PostgreSQL: TEST_DATABASE_URL is not set"))


@pytest.fixture(scope="session", autouse=True)
def _files_of_this_run() -> Iterator[None]:
    yield
    if Path(settings.VAR_DIR).name.startswith("patient-twin-tests-"):
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)
