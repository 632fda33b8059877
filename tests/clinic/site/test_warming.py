"""A web process loads in the background what its first caller would wait for."""

import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as site

from clinic.site import warming
from tests.environment import ROOT
from twins.records import followed


def test_it_takes_the_first_model_of_each_drug(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str]] = []
    monkeypatch.setattr(warming, "rehearse", lambda model, drug: seen.append((model.id, drug.name)))
    chosen = {"gentamicin": ("gentamicin-rosario-adult-oncology", "gentamicin-xuan-2004-adult")}
    monkeypatch.setattr(followed, "followed", lambda: chosen)
    thread = warming.in_background()
    thread.join(60)
    assert not thread.is_alive()
    assert thread.daemon, "it keeps no process from ending"
    assert seen == [("gentamicin-rosario-adult-oncology", "gentamicin")]


def test_a_site_can_leave_it_to_the_first_use(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []
    monkeypatch.setattr(warming, "in_background", lambda: started.append(True))
    for wanted in (True, False):
        settings.WARM_AT_START = wanted
        warming.at_start()
    assert started == [True]


def test_the_web_server_starts_it_and_commands_do_not() -> None:
    script = (
        "import sys, threading\n"
        "import clinic.site.{way}\n"
        "names = [t.name for t in threading.enumerate()]\n"
        "sys.stdout.write(str('warming' in names))\n"
        "sys.stdout.flush()\n"
        "import os; os._exit(0)\n"
    )
    for way, expected in (("wsgi", "True"), ("asgi", "True"), ("tasks", "False")):
        setup = "" if way != "tasks" else "import django; django.setup()\n"
        done = subprocess.run(
            [sys.executable, "-c", setup + script.format(way=way)],
            cwd=ROOT,
            env={"PATH": "", "DJANGO_SETTINGS_MODULE": "clinic.site.settings", "VAR_DIR": str(site.VAR_DIR)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.stdout == expected, done.stderr
