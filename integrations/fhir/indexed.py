"""Stored resources enter the index."""

from collections.abc import Sequence
from typing import Any

from integrations.fhir import index, registry
from integrations.readings.models import Resource

TYPES = registry.TYPES
"""Every type has entered itself before the first resource comes."""


def many(sender: Any, *, resources: Sequence[Resource], **_: Any) -> None:  # noqa: ARG001
    index.store(resources)


def one(sender: Any, instance: Resource, *, created: bool, **_: Any) -> None:  # noqa: ARG001
    if created:
        index.store([instance])
