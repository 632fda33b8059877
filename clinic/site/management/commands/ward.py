"""`manage.py ward`: serve the simulated ward over HTTP until stopped; needs no database."""

import signal
import threading
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.ward.clock import ClockError, WardClock, default_epoch, real_now
from integrations.ward.faults import NAMES, FaultError, FaultPlan
from integrations.ward.server import WardServer
from integrations.ward.ward import DEFAULT_SEED, Ward


class Command(BaseCommand):
    help = "Serve a simulated ward of fourteen patients as a FHIR R4 server."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8001, help="0 takes a free one (default 8001)")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument(
            "--seed", type=int, default=DEFAULT_SEED, help=f"of all that is drawn (default {DEFAULT_SEED})"
        )
        parser.add_argument("--epoch", help="when the story begins, ISO 8601 (default: 4 days ago, on the hour)")
        parser.add_argument(
            "--speed", type=float, default=1.0, help="simulated seconds a second, 0 is frozen (default 1)"
        )
        parser.add_argument(
            "--hours-known",
            type=float,
            default=72.0,
            help="hours of the story that lie behind at the start (default 72)",
        )
        parser.add_argument("--faults", default="", help=f"comma-separated, of {', '.join(NAMES)}")
        parser.add_argument("--fault-rate", type=float, default=0.3, help="of transport faults (default 0.3)")
        parser.add_argument(
            "--fault-timeout", type=float, default=30.0, help="seconds that a time-out lasts (default 30)"
        )
        parser.add_argument("--token-file", type=Path, help="ask for the bearer token that this file holds")

    def handle(self, **options: Any) -> None:
        try:
            token = self._token(options["token_file"])
            server = WardServer(self._ward(options), host=options["host"], port=options["port"], token=token)
        except (ClockError, FaultError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"cannot listen on {options['host']}:{options['port']}: {error.strerror}") from error

        def stop(*_: object) -> None:
            threading.Thread(target=server.stop, daemon=True).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        ward = server.ward
        self.stdout.write(
            f"The ward is at {server.address}: {len(ward.patients)} patients, "
            f"{ward.clock.hours:.0f} h known, speed {ward.clock.speed:g}, now {ward.now():%Y-%m-%d %H:%M} UTC."
        )
        self.stdout.flush()
        with server:
            server.serve_forever(poll_interval=0.1)

    @staticmethod
    def _ward(options: dict[str, Any]) -> Ward:
        epoch = default_epoch(real_now())
        if options["epoch"]:
            try:
                epoch = datetime.fromisoformat(options["epoch"])
            except ValueError as error:
                raise CommandError(f"--epoch is {options['epoch']!r}; give for example 2026-03-01T08:00:00Z") from error
        clock = WardClock(epoch, hours_known=options["hours_known"], speed=options["speed"])
        names = tuple(name.strip() for name in options["faults"].split(",") if name.strip())
        plan = FaultPlan(names, options["seed"], options["fault_rate"], timeout_s=options["fault_timeout"])
        return Ward(seed=options["seed"], clock=clock, plan=plan)

    @staticmethod
    def _token(path: Path | None) -> str:
        if path is None:
            return ""
        try:
            token = path.read_text().strip()
        except OSError as error:
            raise CommandError(f"--token-file is {path}: {error.strerror}") from error
        if not token:
            raise CommandError(f"--token-file is {path}, which is empty; put the token in it")
        return token
