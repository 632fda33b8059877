"""``make test`` runs every file of tests once on SQLite, and what is stored, searched and queued on PostgreSQL too."""

from pathlib import Path

import pytest

from tests import run
from tests.environment import ROOT

FILES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))
SQLITE = (*run.parts_without_kernels(), *run.parts_with_kernels())
SERVERS = tuple(run.parts_on_servers("postgresql://localhost/x", "redis://localhost/9"))
WHOLE = tuple(run.parts_on_servers("postgresql://localhost/x", "redis://localhost/9", run.ALL_ON_SERVERS))


def takes(part: run.Part, file: str) -> bool:
    """Whether that pytest collects the file."""
    ignored = [path.removeprefix("--ignore=") for path in part.arguments if path.startswith("--ignore=")]
    named = [path for path in part.arguments if not path.startswith("--")] or ["tests"]
    return _below(file, named) and not _below(file, ignored)


def _below(file: str, paths: list[str]) -> bool:
    return any(file == path or file.startswith(f"{path}/") for path in paths)


@pytest.mark.parametrize("file", FILES)
def test_every_file_is_in_one_part(file: str) -> None:
    assert len([part.name for part in SQLITE if takes(part, file)]) == 1
    assert len([part.name for part in SERVERS if takes(part, file)]) <= 1
    assert len([part.name for part in WHOLE if takes(part, file)]) <= 1


def test_what_is_left_out_on_the_servers_is_listed_or_asks_for_no_database() -> None:
    """Nothing else is, where all is asked for: folders whose tests ask for a database are run there."""
    out = {file for file in FILES if not any(takes(part, file) for part in WHOLE)}
    asks = {file for file in out if "django_db" in (ROOT / file).read_text(encoding="utf-8")}
    listed = (*run.PURE, *run.ONCE, *run.BROWSER)
    assert {file for file in asks if not _below(file, list(listed))} == set()


def test_every_path_that_is_named_is_there() -> None:
    named = {path.removeprefix("--ignore=") for part in (*SQLITE, *SERVERS) for path in part.arguments}
    assert [path for path in sorted(named) if not Path(ROOT, path).exists()] == []


def test_parts_beside_each_other_share_no_database_and_no_broker() -> None:
    for name in ("TEST_DATABASE_NAME", "TEST_BROKER_URL"):
        assert len({part.environment[name] for part in SERVERS}) == len(SERVERS)
    from tests.story.site import BROKERS

    numbers = {int(part.environment["TEST_BROKER_URL"].rpartition("/")[2]) for part in SERVERS}
    assert numbers.isdisjoint(BROKERS)
