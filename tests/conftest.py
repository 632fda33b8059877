"""What every test has: settings read once, and a last word on what this machine could not run."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from whitenoise.middleware import WhiteNoiseMiddleware

from tests import environment, migrated

# No test fails by the clock, on a busy machine either.
hypothesis.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("suite")

CHROMIUM = Path("/usr/bin/chromium")
SHARED = environment.ROOT.parent / "shared"


def pytest_configure() -> None:
    assert settings.VAR_DIR  # the settings are read here, before the servers are forgotten
    environment.forget_servers()
    # No test is about the hash itself, and a real one takes a third of a second of a processor, on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    _look_for_static_files_once()


def _look_for_static_files_once() -> None:
    """Each test's client makes the chain of middleware anew, which looks through all folders for the same few files."""
    look, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def add(middleware: WhiteNoiseMiddleware) -> None:
        if not found:
            look(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = add


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        _leave_out_what_asks_no_database(config, items)
    for item in items:
        if item.get_closest_marker("browser") and not CHROMIUM.exists():
            item.add_marker(pytest.mark.skip(reason=f"no browser: {CHROMIUM} is not installed"))
        if item.get_closest_marker("postgresql") and not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
            item.add_marker(pytest.mark.skip(reason="not on PostgreSQL: TEST_DATABASE_URL is not set"))


def pytest_collection_finish() -> None:
    # The compiler's and FHIR's classes live as long as the run: without this each collection of garbage walks them all.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _leave_out_what_asks_no_database(config: pytest.Config, items: list[pytest.Item]) -> None:
    """It ran on SQLite's turn, and would do the same again; the marker is for what goes to the servers by itself."""
    left = []
    for item in items[:]:
        asks = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
        if not (asks or item.get_closest_marker("django_db") or item.get_closest_marker("servers")):
            items.remove(item)
            left.append(item)
    config.hook.pytest_deselected(items=left)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """The tests' own database is a copy too, where the run made one to be copied."""
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        if migrated.FOLDER in os.environ:
            connection_created.connect(_fill, dispatch_uid="fill the tests' database")
        return
    own = settings.DATABASES["default"].setdefault("TEST", {})
    if migrated.DATABASE in os.environ:
        own["TEMPLATE"] = os.environ[migrated.DATABASE]
    if "TEST_DATABASE_NAME" in os.environ:
        own["NAME"] = os.environ["TEST_DATABASE_NAME"]


def _fill(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Once, as soon as it is there; ``migrate`` then finds that nothing is left to apply."""
    if connection.is_in_memory_db():  # type: ignore[attr-defined]
        connection_created.disconnect(dispatch_uid="fill the tests' database")
        migrated.copy_into_memory(connection.connection)


@pytest.fixture(scope="session", autouse=True)
def _files_of_this_run() -> Iterator[None]:
    yield
    if Path(settings.VAR_DIR).name.startswith("patient-twin-tests-"):
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)
