"""A site with every migration applied: made once in a run, and copied wherever a test needs one of its own.

Applying the migrations takes seconds each time, and what comes of it is always the same. The processes of one run find
the one that was made by two variables; whoever makes it removes it.
"""

import atexit
import os
import shutil
import sqlite3
import subprocess
import tempfile
import uuid
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from clinic.site.processes import manage

FOLDER = "TEST_MIGRATED"
"""Where `folder` is."""
DATABASE = "TEST_MIGRATED_DATABASE"
"""The name of the database of `database`."""


def folder() -> Path:
    """A site's folder as ``manage.py migrate`` leaves it: the SQLite database, and the keys of an installation."""
    if FOLDER not in os.environ:
        made = Path(tempfile.mkdtemp(prefix="patient-twin-migrated-"))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        _migrate({"VAR_DIR": str(made)})
        with closing(sqlite3.connect(made / "clinic.sqlite3")) as sqlite:
            sqlite.execute("pragma wal_checkpoint(truncate)")
        os.environ[FOLDER] = str(made)
    return Path(os.environ[FOLDER])


def database(server: str) -> str:
    """The name of a database of the PostgreSQL `server` that is a template for others."""
    if DATABASE not in os.environ:
        name = f"migrated_{uuid.uuid4().hex[:12]}"
        _execute(server, f'create database "{name}"')
        atexit.register(_execute, server, f'drop database "{name}" with (force)')
        with tempfile.TemporaryDirectory() as keys:
            _migrate({"VAR_DIR": keys, "DATABASE_URL": at(server, name)})
        os.environ[DATABASE] = name
    return os.environ[DATABASE]


def into(target: Path) -> None:
    """Make `target` the folder of a migrated site of its own."""
    target.mkdir(parents=True, exist_ok=True)
    for file in folder().iterdir():
        if file.is_file():
            shutil.copy(file, target / file.name)


def create(server: str, name: str) -> str:
    """A migrated database of that name on the server; its address."""
    _execute(server, f'create database "{name}" template "{database(server)}"')
    return at(server, name)


def drop(server: str, name: str) -> None:
    _execute(server, f'drop database "{name}" with (force)')


def at(server: str, name: str) -> str:
    """The address of the database `name` of the server."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def copy_into_memory(connection: sqlite3.Connection) -> None:
    """Fill an empty SQLite database in memory."""
    with closing(sqlite3.connect(f"file:{folder() / 'clinic.sqlite3'}?immutable=1", uri=True)) as source:
        source.backup(connection)


def _migrate(environment: dict[str, str]) -> None:
    left = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    subprocess.run(manage("migrate", "-v0"), env={**left, **environment}, check=True, timeout=240)


def _execute(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
