"""``manage.py reindex_fhir``: enters resources into the search index that are not in it, or all of them anew."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from integrations.fhir import index
from integrations.fhir.models import Term
from integrations.fhir.sources import Sources
from integrations.readings.models import Resource

_BATCH = 1000


class Command(BaseCommand):
    help = "Enters stored resources into the search index of the FHIR door."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anew",
            action="store_true",
            help="empty the index first, in one transaction; after an upgrade that says so",
        )

    def handle(self, *, anew: bool, **_: Any) -> None:
        if anew:
            with transaction.atomic():
                Term.objects.all().delete()
                count = self._enter()
        else:
            count = self._enter()
        self.stdout.write(f"{count} resources are in the index")

    def _enter(self) -> int:
        sources, count, last = Sources(), 0, 0
        while batch := list(Resource.objects.filter(pk__gt=last).order_by("pk")[:_BATCH]):
            index.store(batch, sources)
            count, last = count + len(batch), batch[-1].pk
        return count
