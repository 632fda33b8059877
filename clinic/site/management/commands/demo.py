"""``manage.py demo``: a simulated ward, the worker, the pages, and the main job walked through on real HTTP."""

import io
import json
import shutil
import signal
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.audit.verify import verify
from clinic.patients.models import Patient
from clinic.site.processes import Processes, manage, web, worker
from clinic.site.terminal import comparison_table
from integrations.readings.models import Reading
from integrations.readings.ours import OURS
from twins.records.models import Comparison, GivenDose, Job, JobState, Order, RecordState
from twins.records.models.job import OPEN_STATES
from twins.records.twins import latest

DRUG = "vancomycin"
WARD_SLUG = "ward"
HISTORY = timedelta(hours=75)
KNOWN_AT_FIRST_H = 72
TOO_OLD = timedelta(hours=120)
"""The ward's courses last a week; a demo left alone for longer than this starts over."""


class Command(BaseCommand):
    help = "Start the ward, a worker and the web server; pull, update the twins, print one comparison a patient."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="port of the web pages")
        parser.add_argument("--once", action="store_true", help="stop after the tables; exit 0 only if all is well")
        parser.add_argument("--patience", type=int, default=300, help="seconds to wait for the twins")

    def handle(self, *_: Any, **options: Any) -> None:
        for ending in (signal.SIGTERM, signal.SIGINT):  # a shell's background starts with SIGINT ignored
            signal.signal(ending, _interrupt)
        began = time.monotonic()
        epoch, known_h = self._epoch()
        call_command("migrate", interactive=False, verbosity=0)
        if Reading.objects.exclude(source__slug__in=[WARD_SLUG, *OURS]).exists():
            raise CommandError(
                f"{settings.VAR_DIR} holds data of other sources than the demo's ward; remove that folder, "
                "or pull into another VAR_DIR"
            )
        call_command("demo_users", stdout=io.StringIO() if options["once"] else self.stdout)
        try:
            with Processes(settings.VAR_DIR / "logs", patience=3) as processes:
                ward = f"http://127.0.0.1:{_free_port()}/fhir"
                self._start_ward(processes, ward, epoch, known_h, speed=0 if options["once"] else 60)
                processes.start("worker", worker())
                pages = None if options["once"] else self._start_web(processes, options["port"])
                _wait_for(f"{ward}/metadata", processes)
                self.stdout.write(f"The ward answers at {ward}; pulling.")
                self._pull(processes, ward)
                self._wait_for_twins(processes, options["patience"])
                complete = self._print_comparisons()
                sound = verify()
                self.stdout.write(f"Audit chain: {sound.reason} ({sound.checked} events checked)")
                self.stdout.write(f"Ready after {time.monotonic() - began:.0f} s.")
                if options["once"]:
                    if not (complete and sound.ok):
                        raise CommandError("the demo is not complete: see above")
                    return
                self._serve(processes, ward, pages)
        except KeyboardInterrupt:
            self.stdout.write("Stopped; nothing is left running.")

    def _epoch(self) -> tuple[datetime, float]:
        """When the ward's courses began, and how many hours of them are known; kept from start to start."""
        path = Path(settings.VAR_DIR) / "demo.json"
        now = datetime.now(UTC)
        if path.exists():
            epoch = datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["epoch"])
            if now - epoch < TOO_OLD:
                return epoch, (now - epoch) / timedelta(hours=1)
            self._start_over()
        epoch = (now - HISTORY).replace(minute=0, second=0, microsecond=0)
        path.write_text(json.dumps({"epoch": epoch.isoformat()}), encoding="utf-8")
        return epoch, KNOWN_AT_FIRST_H

    def _start_over(self) -> None:
        """Remove the demo's own SQLite database, which only a folder with a demo.json holds."""
        name = Path(str(settings.DATABASES["default"]["NAME"]))
        if name.parent != Path(settings.VAR_DIR):
            raise CommandError("the demo's data are days old, in a database that is not the demo's to remove; empty it")
        for path in name.parent.glob(f"{name.name}*"):
            path.unlink()
        shutil.rmtree(name.parent / "broker", ignore_errors=True)
        for folder in ("queue", "control"):
            (name.parent / "broker" / folder).mkdir(parents=True)

    def _start_ward(self, processes: Processes, ward: str, epoch: datetime, known_h: float, *, speed: int) -> None:
        port = ward.split(":")[2].split("/")[0]
        processes.start(
            "ward",
            manage(
                *("ward", "--port", port, "--epoch", epoch.isoformat()),
                *("--hours-known", f"{known_h:.3f}", "--speed", str(speed)),
            ),
        )

    def _start_web(self, processes: Processes, port: int) -> str:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                raise CommandError(f"port {port} is taken; run make demo PORT=…")
        processes.start("web", web(port))
        return f"http://127.0.0.1:{port}/"

    def _pull(self, processes: Processes, ward: str) -> None:
        call_command("pull", ward, source=WARD_SLUG, stdout=self.stdout)
        processes.check()

    def _wait_for_twins(self, processes: Processes, patience: int) -> None:
        deadline = time.monotonic() + patience
        shown = ""
        while True:
            processes.check()
            done = Job.objects.filter(state=JobState.DONE).count()
            waiting = Job.objects.filter(state__in=OPEN_STATES).count()
            line = f"Twins: {done} updates done, {waiting} to do"
            if line != shown:
                self.stdout.write(line)
                shown = line
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise CommandError(f"{waiting} updates were not done after {patience} s; see {processes.logs}")
            time.sleep(0.5)

    def _print_comparisons(self) -> bool:
        """One table for each patient who has the drug; True when none is missing."""
        treated = set(_subjects(GivenDose)) | set(_subjects(Order))
        complete = bool(treated)
        self.stdout.write("AUC24 in mg·h/L, concentrations in mg/L, median (90 % band); day 1 begins where data end.")
        for patient in Patient.objects.filter(subject__in=treated).select_related("subject"):
            version = latest(patient.subject, DRUG)
            comparison = Comparison.objects.filter(twin_version=version, is_default=True).first() if version else None
            if comparison is None:
                why = version.fit["reason"] if version else "its twin was never made"
                self.stderr.write(f"{patient.family_name}, {patient.given_name}: no comparison: {why}")
                complete = False
                continue
            self.stdout.write("")
            self.stdout.write(comparison_table(patient, comparison))
        self.stdout.write("")
        return complete

    def _serve(self, processes: Processes, ward: str, pages: str | None) -> None:
        processes.start("pull", manage("pull", ward, "--source", WARD_SLUG, "--every", "10"))
        self.stdout.write(f"Open {pages} and sign in with one of the logins above. Ctrl-C stops everything.")
        while True:
            processes.check()
            time.sleep(1)


def _subjects(table: type[GivenDose] | type[Order]) -> Any:
    return table.objects.filter(drug=DRUG, state=RecordState.ACTIVE).values_list("subject", flat=True)


def _wait_for(url: str, processes: Processes, *, patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        processes.check()
        try:
            httpx.get(url, timeout=5, trust_env=False).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise CommandError(f"{url} did not answer within {patience:.0f} s; see {processes.logs}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
