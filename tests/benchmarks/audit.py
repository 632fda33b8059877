"""How many events a second one writer appends, on a database of its own."""

import os
import subprocess
import sys
import tempfile

from tests.environment import ROOT

EVENTS = 500
SCRIPT = f"""
import time
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action
from clinic.audit.verify import verify
began = time.perf_counter()
for number in range({EVENTS}):
    record(by=SYSTEM, action=Action.READ, activity="bench.event", entity_type="bench", entity_id=number)
written = time.perf_counter()
assert verify().ok
print({EVENTS} / (written - began), {EVENTS} / (time.perf_counter() - written))
"""


def table() -> list[tuple[str, str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "clinic.site.settings"}
        environment.pop("DATABASE_URL", None)
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
    written, verified = (float(word) for word in done.stdout.split())
    return [
        ("events appended, each in a transaction of its own, SQLite", f"{written:,.0f} a second", ""),
        ("events verified from the start", f"{verified:,.0f} a second", ""),
    ]
