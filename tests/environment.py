"""Loaded before Django's settings: which database and broker the tests use, and a folder of their own for files.

``TEST_DATABASE_URL`` and ``TEST_BROKER_URL`` choose real servers; without them it is SQLite and Celery's filesystem
broker.
"""

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

if "VAR_DIR" not in os.environ:
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="patient-twin-tests-")
# Compiled kernels are kept from run to run; everything else starts anew.
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / "var" / "numba"))
# A lease is renewed by a thread, which SQLite's database in memory cannot serve while a test's own transaction is open.
os.environ.setdefault("JOB_LEASE_SECONDS", "3600")
for name, chosen in (("DATABASE_URL", "TEST_DATABASE_URL"), ("CELERY_BROKER_URL", "TEST_BROKER_URL")):
    os.environ.pop(name, None)
    if chosen in os.environ:
        os.environ[name] = os.environ[chosen]


def forget_servers() -> None:
    """Once the settings are read: processes that a test starts choose their own database and broker."""
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("CELERY_BROKER_URL", None)
    os.environ.pop("JOB_LEASE_SECONDS", None)
    # A web process rehearses every drug in the background as it starts; where one is started for its pages, they would
    # wait for that. What it loads is tested by itself.
    os.environ.setdefault("WARM_AT_START", "0")
