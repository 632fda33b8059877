"""``make test``: every test that this machine has means for, and in its last lines what it could not run.

The whole suite runs on SQLite and Celery's filesystem broker, in two processes beside each other: what needs neither
(the mathematics, codes and rules), and all the rest. Where a PostgreSQL and a Redis answer, everything that touches a
database runs a second time on them. ``TEST_POSTGRESQL_URL`` and ``TEST_REDIS_URL`` say where they are, if not on this
machine's usual ports. With ``LEAVE_NOTHING_OUT=1`` a part that cannot run is a failure.
"""

import getpass
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import redis

ROOT = Path(__file__).resolve().parent.parent
PURE = (
    *(f"tests/twins/{name}" for name in ("quantities", "solvers", "samples", "pharmacology", "estimation")),
    *("tests/twins/forecasts", "tests/twins/cohorts", "tests/twins/test_api.py", "tests/twins/test_researchers.py"),
    *("tests/oracles", "tests/properties", "tests/calibration"),
    *("tests/integrations/codes", "tests/integrations/fhir/validate", "tests/integrations/smart/test_scopes.py"),
)
LEFT = tuple(f"--ignore={path}" for path in PURE)
ON_SERVERS = (
    "tests/clinic",
    "tests/integrations",
    "tests/twins/records",
    "tests/twins/jobs",
    "tests/api",
    "tests/story",
)


def postgresql_url() -> str | None:
    """A PostgreSQL that lets us in, or None."""
    url = os.environ.get("TEST_POSTGRESQL_URL", f"postgresql://{getpass.getuser()}@127.0.0.1:5432/postgres")
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("select 1")
    except psycopg.Error:
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


def pytest(name: str, *arguments: str, environment: dict[str, str] | None = None) -> bool:
    sys.stdout.write(f"\n== {name}\n")
    sys.stdout.flush()
    return subprocess.run(_command(*arguments), cwd=ROOT, env={**os.environ, **(environment or {})}).returncode == 0


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", *arguments]


def on_sqlite() -> bool:
    """The whole suite: what needs no database in a process of its own, whose words come after those of the rest."""
    with tempfile.TemporaryFile("w+") as words:
        pure = subprocess.Popen(_command(*PURE), cwd=ROOT, stdout=words, stderr=subprocess.STDOUT)
        passed = pytest("pages, doors, records and jobs, on SQLite", *LEFT)
        passed &= pure.wait() == 0
        words.seek(0)
        sys.stdout.write(f"\n== what needs no database\n{words.read()}")
        sys.stdout.flush()
    return passed


def main() -> int:
    left_out: list[str] = []
    passed = on_sqlite()
    if not Path("/usr/bin/chromium").exists():
        left_out.append("the pages in a browser: /usr/bin/chromium is not installed (apt install chromium)")
    database, broker = postgresql_url(), redis_url()
    if database is None:
        left_out.append("the suite on PostgreSQL: none answers (start one, or set TEST_POSTGRESQL_URL)")
    if broker is None:
        left_out.append("the suite on Redis: none answers (start one, or set TEST_REDIS_URL)")
    if database is not None and broker is not None:
        servers = {"TEST_DATABASE_URL": database, "TEST_BROKER_URL": broker}
        passed &= pytest("what touches a database, on PostgreSQL and Redis", *ON_SERVERS, *LEFT, environment=servers)

    sys.stdout.write("\n")
    for part in left_out:
        sys.stdout.write(f"not run here: {part}\n")
    if left_out and os.environ.get("LEAVE_NOTHING_OUT"):
        sys.stdout.write("FAILED: a part was left out\n")
        return 1
    ran = "every part of the suite" if not left_out else "what this machine has means for"
    sys.stdout.write(f"{'passed' if passed else 'FAILED'}: {ran}\n")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
