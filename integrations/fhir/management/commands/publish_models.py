"""``manage.py publish_models``: the cards of all models of the formulary as Libraries."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from integrations.fhir.publish.cards import publish_cards


class Command(BaseCommand):
    help = "Publish the card of every model of the formulary as a Library; one that has not changed stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        with transaction.atomic():
            count = publish_cards()
        self.stdout.write(f"{count} model cards are published.")
