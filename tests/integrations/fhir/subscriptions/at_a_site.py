"""What a system and a twin do at a site with workers of its own: called in a process there, by name."""

import sys
from io import StringIO

from django.core.management import call_command
from django.test import Client

from integrations.fhir.subscriptions import backport
from tests.api import ward_data
from tests.integrations.fhir.subscriptions.asked import learns, subscribed, subscription


def subscribe(url: str) -> None:
    """A system with a subscription that allows a second for each notification."""
    out = StringIO()
    call_command("integration_token", "gateway", "--scope", "system/*.cruds", stdout=out)
    caller = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"}, SERVER_NAME="localhost")
    subscribed(caller, subscription(url, numbers={backport.TIMEOUT: 1, backport.HEARTBEAT: 10}))


def learn() -> None:
    """A twin learns."""
    learns(ward_data.patient(1))


def main(name: str, *arguments: str) -> None:
    """Do one of them."""
    {"subscribe": subscribe, "learn": learn}[name](*arguments)
    sys.stdout.write("done\n")
