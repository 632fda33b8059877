"""``make test``: every test that this machine has means for, and in its last lines what it could not run.

The whole suite runs on SQLite and Celery's filesystem broker and, where a PostgreSQL and a Redis answer, what is
stored, searched and queued once more on them; with ``ALL_ON_SERVERS=1`` everything that touches a database. It is cut
into parts, each a pytest of its own; three at a time run side by side, the longest first, since some wait for
processes of their own half of their time. The migrations are applied once, before (`tests.migrated`); the kernels are
compiled once, while parts that ask for few of them begin.
``TEST_POSTGRESQL_URL`` and ``TEST_REDIS_URL`` say where they are, if not on this machine's usual ports. With
``LEAVE_NOTHING_OUT=1`` a part that cannot run is a failure.
"""

import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit, urlunsplit

import kombu
import psycopg
import redis
from kombu.exceptions import OperationalError

from tests import migrated

ROOT = Path(__file__).resolve().parent.parent
KNOWN = ("tests/oracles", "tests/properties", "tests/calibration", "tests/integrations/ward", "tests/clinic/charts")
MATHEMATICS = (
    *(f"tests/twins/{name}" for name in ("quantities", "solvers", "samples", "pharmacology", "estimation")),
    *(
        "tests/twins/forecasts",
        "tests/twins/cohorts",
        "tests/twins/test_api.py",
        "tests/twins/test_researchers.py",
        "tests/twins/test_slips.py",
    ),
    *("tests/integrations/codes", "tests/integrations/fhir/validate", "tests/integrations/smart/test_scopes.py"),
)
"""What needs no database, in two parts."""
CELLS = ("tests/api/cells",)
DESCRIBED = ("tests/integrations/openapi",)
PROCESSES = (
    *(f"tests/clinic/site/test_{name}.py" for name in ("heartbeat", "start", "warm", "warming")),
    *(f"tests/integrations/fhir/subscriptions/test_{name}.py" for name in ("many_at_once", "real_worker")),
    *("tests/integrations/ehr/test_ward.py", "tests/integrations/ehr/test_bulk.py"),
    *(f"tests/api/test_{name}.py" for name in ("example", "real_clients", "smart_launch")),
    *("tests/twins/jobs/test_real_workers.py", "tests/story/test_rabbitmq.py"),
)
"""What starts processes and waits for them."""
BROWSER = ("tests/browser", "tests/architecture")
STORY = ("tests/story",)
DOORS = ("tests/integrations",)
API = ("tests/api",)
ONCE = (
    *(*CELLS, *DESCRIBED),
    *(f"tests/api/test_{name}.py" for name in ("example", "limits", "real_clients", "smart_launch")),
    *(f"tests/clinic/site/test_{name}.py" for name in ("commands", "env", "heartbeat", "processes", "spool")),
    *(f"tests/clinic/site/test_{name}.py" for name in ("start", "warm", "warming")),
    *(f"tests/integrations/ehr/test_{name}.py" for name in ("client", "strange_servers")),
    *(f"tests/integrations/fhir/subscriptions/test_{name}.py" for name in ("many_at_once", "real_worker")),
    *("tests/twins/jobs/test_real_workers.py", "tests/story/test_rabbitmq.py"),
    "tests/architecture/test_languages.py",
)
"""On SQLite alone: many requests each of which asks little of the database, and processes that have a database of their
own. Of the rest, a test that asks for no database is left out on the servers by itself (`tests.conftest`); the story
runs whole on both."""


LOWEST_BROKER = 9
BESIDE = 2
"""Lanes beside the one whose words come at once."""


def _without(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"--ignore={path}" for path in paths)


PURE = (*KNOWN, *MATHEMATICS)
ON_SERVERS = {
    "the story": STORY,
    "what is stored, searched and queued": (
        *("tests/twins/records", "tests/twins/jobs", "tests/clinic/audit", "tests/clinic/decisions"),
        *("tests/integrations/readings", "tests/integrations/fhir/bulk", "tests/integrations/fhir/subscriptions"),
        *("tests/integrations/fhir/test_index.py", "tests/integrations/ehr"),
        *(f"tests/api/test_{name}.py" for name in ("batch", "bundle", "past", "search", "search_reach")),
        *(f"tests/api/test_{name}.py" for name in ("search_references", "search_result", "search_values", "write")),
    ),
}
"""What a database or a broker can do differently. Pages, forms, scopes and advice ask both through the same queries."""
ALL_ON_SERVERS = {
    "the doors to other systems": DOORS,
    "the interfaces of FHIR": API,
    "pages, records and jobs": ("tests/clinic", "tests/twins/records", "tests/twins/jobs"),
    "the story": STORY,
}
APART = (*PURE, *CELLS, *DESCRIBED, *PROCESSES, *BROWSER, *STORY)
"""What has a part of its own, and is left out of the part of the folder it lies in."""


def postgresql_url() -> str | None:
    """A PostgreSQL that lets us in, or None."""
    url = os.environ.get("TEST_POSTGRESQL_URL", f"postgresql://{getpass.getuser()}@127.0.0.1:5432/postgres")
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("select 1")
    except psycopg.Error:
        return None
    return url


def rabbitmq_url() -> str | None:
    """A RabbitMQ that answers, or None; one test makes a queue of its own there."""
    url = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
    try:
        with kombu.Connection(url, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, timeout=2)
    except OperationalError:
        return None
    return url


def redis_url() -> str | None:
    """A Redis that answers, or None; the tests empty its databases 9 to 15."""
    url = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2) as client:
            client.ping()
    except redis.RedisError:
        return None
    return url


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the suite: a process of its own, a pytest as a rule."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = ("-m", "pytest", "-q")

    def run(self, words: IO[str] | None = None) -> bool:
        """Whether it passes; what it says goes into `words`, or straight out."""
        done = subprocess.run(
            [sys.executable, *self.program, *self.arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=words,
            stderr=None if words is None else subprocess.STDOUT,
        )
        return done.returncode == 0


def _beside(parts: deque[Part]) -> list[tuple[Part, bool, str]]:
    """Parts that nobody has taken yet, one after the other: each with whether it passed, and what it said."""
    told = []
    while (part := _next(parts)) is not None:
        with tempfile.TemporaryFile("w+") as words:
            passed = part.run(words)
            _say(f"\n== {part.name}: {'passed' if passed else 'FAILED'}; its words are below\n")
            words.seek(0)
            told.append((part, passed, words.read()))
    return told


def _next(parts: deque[Part]) -> Part | None:
    try:
        return parts.popleft()
    except IndexError:
        return None


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


WARM = Part("the kernels, compiled before three parts at once ask for them", (), program=("manage.py", "warm"))


def parts_without_kernels() -> Iterator[Part]:
    """What asks for few of them, and goes on while they are compiled."""
    yield Part("what a token covers, cell by cell", CELLS)
    yield Part("the interfaces of FHIR, on SQLite", (*API, *_without(APART)))


def parts_with_kernels() -> Iterator[Part]:
    """The longest first; those that wait lie among those that compute."""
    yield Part("pages, records and jobs, on SQLite", _without((*APART, *DOORS, *API)))
    yield Part("the story, on SQLite", (*STORY, "--ignore=tests/story/test_rabbitmq.py"))
    yield Part("pages in a browser, and every address", BROWSER)
    yield Part("the doors to other systems, on SQLite", (*DOORS, *_without(APART)))
    yield Part("the description of the interfaces", DESCRIBED)
    yield Part("processes that are killed and waited for", PROCESSES)
    yield Part("mathematics, codes and rules", MATHEMATICS)
    yield Part("known answers, properties, calibration, charts and the ward", KNOWN)


def parts_on_servers(database: str, broker: str, chosen: Mapping[str, tuple[str, ...]] = ON_SERVERS) -> Iterator[Part]:
    """Parts run beside each other: each has a database and a broker of its own, below those of the story's sites."""
    for number, (name, folders) in enumerate(chosen.items()):
        environment = {
            "TEST_DATABASE_URL": database,
            "TEST_DATABASE_NAME": f"test_part_{number}",
            "TEST_BROKER_URL": urlunsplit(urlsplit(broker)._replace(path=f"/{LOWEST_BROKER + number}")),
        }
        yield Part(f"{name}, on PostgreSQL and Redis", (*folders, *_without((*PURE, *ONCE))), environment)


def main() -> int:
    left_out: list[str] = []
    if not Path("/usr/bin/chromium").exists():
        left_out.append("the pages in a browser: /usr/bin/chromium is not installed (apt install chromium)")
    if shutil.which("xgettext") is None:
        left_out.append("the check that catalogues have all sentences: no xgettext (apt install gettext)")
    database, broker = postgresql_url(), redis_url()
    if database is None:
        left_out.append("the suite on PostgreSQL: none answers (start one, or set TEST_POSTGRESQL_URL)")
    if broker is None:
        left_out.append("the suite on Redis: none answers (start one, or set TEST_REDIS_URL)")
    if rabbitmq_url() is None:
        left_out.append("the main job on RabbitMQ: none answers (start one, or set TEST_RABBITMQ_URL)")
    migrated.folder()
    parts = deque((WARM, *parts_without_kernels()))
    if database is not None and broker is not None:
        migrated.database(database)
        chosen = ALL_ON_SERVERS if os.environ.get("ALL_ON_SERVERS") else ON_SERVERS
        parts.extend(parts_on_servers(database, broker, chosen))
    parts.extend(parts_with_kernels())
    passed = True
    with ThreadPoolExecutor(max_workers=BESIDE) as others:
        told = [others.submit(_beside, parts) for _ in range(BESIDE)]
        while (part := _next(parts)) is not None:
            _say(f"\n== {part.name}\n")
            passed &= part.run()
        for part, well, words in (one for lane in told for one in lane.result()):
            _say(f"\n== {part.name}\n{words}")
            passed &= well

    _say("\n" + "".join(f"not run here: {part}\n" for part in left_out))
    if left_out and os.environ.get("LEAVE_NOTHING_OUT"):
        _say("FAILED: a part was left out\n")
        return 1
    ran = "every part of the suite" if not left_out else "what this machine has means for"
    _say(f"{'passed' if passed else 'FAILED'}: {ran}\n")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
