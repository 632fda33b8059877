"""How many events a second are appended, by one writer and by eight at once, and how fast a chain is verified.

``python -m tests.benchmarks.audit [EACH]`` is the long run: eight processes, EACH events of each (by default 10,000),
on SQLite and, where ``TEST_DATABASE_URL`` names one, on PostgreSQL; the chain must be whole afterwards.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

from tests.clinic.audit.writers import own_database, verified, write_at_once

WRITERS = 8
ALONE = 500
EACH = 100


def row(server: str, *, writers: int, each: int) -> list[tuple[str, str, str]]:
    kind = "PostgreSQL" if server else "SQLite"
    with tempfile.TemporaryDirectory() as folder, own_database(Path(folder), server) as environment:
        written = write_at_once(environment, writers=writers, each=each, patience=60 + each * writers)
        if written.errors:
            raise RuntimeError(f"writers failed on {kind}: {written.errors[0]}")
        found = verified(environment, patience=60 + each * writers)
    match = re.search(r"(\d+) events checked from the start in ([\d.]+) s", found.stdout)
    if found.returncode != 0 or match is None or int(match[1]) != writers * each:
        raise RuntimeError(f"the chain on {kind} is not whole: {found.stdout}{found.stderr}")
    name = f"{writers} writers at once, {each:,} events each" if writers > 1 else f"one writer, {each:,} events"
    return [
        (f"{name}, each in a transaction of its own, {kind}", f"{writers * each / written.seconds:,.0f} a second", ""),
        (
            f"the same {writers * each:,} events verified from the start, {kind}",
            f"{writers * each / max(float(match[2]), 0.005):,.0f} a second",
            "",
        ),
    ]


def servers() -> list[str]:
    return ["", *filter(None, [os.environ.get("TEST_DATABASE_URL", "")])]


def table() -> list[tuple[str, str, str]]:
    return [
        line
        for server in servers()
        for writers, each in ((1, ALONE), (WRITERS, EACH))
        for line in row(server, writers=writers, each=each)
    ]


def main() -> int:
    each = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    for server in servers():
        for work, ours, _ in row(server, writers=WRITERS, each=each):
            sys.stdout.write(f"{work}: {ours}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
