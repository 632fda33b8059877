"""``manage.py subscribe URL --source NAME --topic …``: be notified by a hospital system of what is new there."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Q

from integrations.ehr.access import AccessError
from integrations.ehr.address import AddressError, base_url
from integrations.ehr.client import Client, FetchError
from integrations.ehr.models import EhrSubscription, WorkState
from integrations.ehr.options import access_by, add_access_options
from integrations.ehr.source import SourceError, source_for
from integrations.ehr.subscribe import CONTENTS, SubscribeError, Wish, subscribe, unsubscribe


class Command(BaseCommand):
    help = "Subscribe at a FHIR server (R5 backport on R4), end a subscription, or list those there are."
    requires_system_checks = ()  # they load every page, which takes longer than the command

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", metavar="URL", nargs="?", help="base of the FHIR server")
        parser.add_argument("--source", default="", help="short name of the source")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--topic", help="canonical address of the topic")
        what.add_argument("--off", metavar="ID", help="end this subscription")
        what.add_argument("--list", action="store_true", help="list the subscriptions and how they fare")
        parser.add_argument("--content", choices=CONTENTS, default="id-only", help="what comes with a notification")
        parser.add_argument("--filter", action="append", default=[], help="for example Observation?code=…")
        parser.add_argument("--heartbeat", type=int, default=0, metavar="SECONDS", help="longest silence to ask for")
        parser.add_argument(
            "--endpoint", default=settings.PUBLIC_URL, help="address of this site for the server (else PUBLIC_URL)"
        )
        add_access_options(parser)

    def handle(self, **options: Any) -> None:
        if options["list"]:
            self._list()
            return
        if not options["url"] or not options["source"]:
            raise CommandError("give the base of the FHIR server and --source")
        try:
            base = base_url(options["url"])
            with Client(base, access=access_by(options, base)) as client:
                source = source_for(options["source"], client.base)
                if options["off"]:
                    unsubscribe(self._known(options["off"], source.pk), client)
                    self.stdout.write("Ended.")
                    return
                wish = Wish(
                    topic=options["topic"],
                    content=options["content"],
                    filters=options["filter"],
                    heartbeat_s=max(0, options["heartbeat"]),
                    endpoint=options["endpoint"],
                )
                ours = subscribe(source, client, wish)
        except (FetchError, AccessError, AddressError, SourceError, SubscribeError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{ours.pk}  {ours.get_state_display()}")

    def _known(self, text: str, source_id: int) -> EhrSubscription:
        try:
            found = EhrSubscription.objects.filter(pk=UUID(text), source_id=source_id).first()
        except ValueError:
            found = None
        if found is None:
            raise CommandError(f"--off is {text}; no subscription of this source has that id, see --list")
        return found

    def _list(self) -> None:
        waiting = Count("notifications", filter=Q(notifications__state=WorkState.QUEUED))
        failed = Count("notifications", filter=Q(notifications__state=WorkState.FAILED))
        rows = EhrSubscription.objects.select_related("source").annotate(waiting=waiting, failed=failed)
        if not rows:
            self.stdout.write("There are no subscriptions.")
        for row in rows:
            heard = row.heard.isoformat(timespec="seconds") if row.heard else "never"
            self.stdout.write(
                f"{row.pk}  {row.source.slug}  {row.topic}  {row.state}{f' ({row.error})' if row.error else ''}  "
                f"heard {heard}, event {row.last_event}, {row.waiting} waiting, {row.failed} failed"
            )
