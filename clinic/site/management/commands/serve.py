"""``manage.py serve``: the web server and one worker on this machine, until Ctrl-C."""

import signal
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from clinic.site.processes import Processes, manage, web, worker


class Command(BaseCommand):
    help = "Migrate, then serve pages and run the worker until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1")

    def handle(self, *_: Any, **options: Any) -> None:
        for ending in (signal.SIGTERM, signal.SIGINT):  # a shell's background starts with SIGINT ignored
            signal.signal(ending, _interrupt)
        with Processes(settings.VAR_DIR / "logs") as processes:
            processes.run("migrate", manage("migrate", "--no-input"))
            processes.start("web", web(options["port"], host=options["host"], workers=2))
            processes.start("worker", worker())
            self.stdout.write(f"Serving on http://{options['host']}:{options['port']}/ (logs in {processes.logs})")
            try:
                while True:
                    processes.check()
                    time.sleep(1)
            except KeyboardInterrupt:
                self.stdout.write("Stopping.")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
