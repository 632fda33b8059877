"""Stored resources enter the index in the transaction that stores them."""

from collections.abc import Sequence
from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from integrations.fhir import index, registry
from integrations.readings.models import Resource
from integrations.readings.signals import resources_stored

TYPES = registry.TYPES
"""Every type has entered itself before the first resource comes."""


@receiver(resources_stored, dispatch_uid="fhir-index")
def _many(sender: Any, *, resources: Sequence[Resource], **_: Any) -> None:  # noqa: ARG001
    index.store(resources)


@receiver(post_save, sender=Resource, dispatch_uid="fhir-index-one")
def _one(sender: Any, instance: Resource, *, created: bool, **_: Any) -> None:  # noqa: ARG001
    if created:
        index.store([instance])
