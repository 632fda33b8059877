"""What a process imports before it does anything: a command little, a web process and a worker all that they need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.urls import get_resolver

from clinic.access import deferred
from tests.environment import ROOT

KEPT = ("NUMBA_CACHE_DIR", "PYTHONPYCACHEPREFIX")
HEAVY = ("numba", "scipy", "pandas", "fhir.resources", "weasyprint", "drf_spectacular")


def heavy_after(folder: Path, work: str) -> set[str]:
    """Of the heavy packages those that a process has imported after `work`."""
    script = (
        "import os, sys\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'clinic.site.settings'\n"
        f"{work}\n"
        f"print('heavy:', *(name for name in {HEAVY!r} if name in sys.modules))\n"
        "sys.stdout.flush(); os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name in KEPT} | {"VAR_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("heavy:")[2].split())


def command(*words: str) -> str:
    return f"from django.core.management import execute_from_command_line as run; run(['manage.py', *{words!r}])"


@pytest.mark.parametrize("words", [("check",), ("migrate", "-v0"), ("help",)], ids=lambda words: words[0])
def test_a_command_that_computes_nothing_imports_neither_the_compiler_nor_the_classes_of_fhir(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    assert heavy_after(tmp_path, command(*words)) == set()


def test_a_worker_has_imported_what_its_tasks_need_before_it_has_children(tmp_path: Path) -> None:
    work = (
        "from clinic.site.celery import app\n"
        "app.loader.init_worker()\n"
        "from celery import signals\n"
        "signals.worker_init.send(None)\n"
        "assert 'integrations.fhir.publish.publish' in sys.modules\n"
        "assert 'integrations.fhir.subscriptions.happened' in sys.modules"
    )
    assert {"numba", "fhir.resources"} <= heavy_after(tmp_path, work)


def test_a_web_process_has_imported_every_page_and_listener_once_it_is_warm(tmp_path: Path) -> None:
    # The kernels are another matter, and take long where none is kept.
    work = (
        "from clinic.site import warming\n"
        "warming.rehearse = lambda model, drug: None\n"
        "import clinic.site.wsgi\n"
        "import threading\n"
        "[thread.join() for thread in threading.enumerate() if thread.name == 'warming']\n"
        "from clinic.access import deferred\n"
        "assert all(one._found for one in deferred._named)\n"
        "assert 'integrations.cds_hooks.views' in sys.modules"
    )
    assert {"numba", "fhir.resources", "drf_spectacular"} <= heavy_after(tmp_path, work)


def test_every_view_and_listener_that_is_named_is_there() -> None:
    assert get_resolver().url_patterns
    assert deferred.load_all() > 100


@pytest.mark.parametrize("way_in", ["wsgi", "asgi"])
def test_a_web_process_does_not_start_with_a_unit_that_levels_cannot_be_shown_in(tmp_path: Path, way_in: str) -> None:
    known = {name: value for name, value in os.environ.items() if name in KEPT}
    done = subprocess.run(
        [sys.executable, "-c", f"import clinic.site.{way_in}"],
        cwd=ROOT,
        env={**known, "VAR_DIR": str(tmp_path), "WARM_AT_START": "0", "SHOWN_UNITS": "vancomycin=mg/kg"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode != 0
    assert "SHOWN_UNITS has vancomycin=mg/kg, which values in mg/L cannot be shown in." in done.stderr
    assert "Use vancomycin=mg/L, ug/mL or umol/L, or leave it out." in done.stderr
