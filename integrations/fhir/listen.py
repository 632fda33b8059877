"""What the door does as things happen: stored resources enter the index, twins and decisions are published.

All of it in the transaction that stores; what it is done with is imported when it happens first.
"""

from django.db.models.signals import post_save

from clinic.access.deferred import named
from clinic.decisions.models import Decision, SecondSignature
from clinic.decisions.signals import decision_made
from integrations.fhir.offers import OPERATIONS
from integrations.readings.models import Resource
from integrations.readings.ours import AGAIN, DOOR
from integrations.readings.signals import resources_stored
from twins.records.signals import comparison_made, twin_updated

_indexed = named("integrations.fhir.indexed")
_publish = named("integrations.fhir.publish.publish")


def connect() -> None:
    """Listen; safe to call more than once."""
    resources_stored.connect(_indexed.many, dispatch_uid="fhir-index")
    post_save.connect(_indexed.one, sender=Resource, dispatch_uid="fhir-index-one")
    twin_updated.connect(_publish.twin_updated, dispatch_uid="publish twins")
    comparison_made.connect(_publish.comparison_made, dispatch_uid="publish comparisons")
    decision_made.connect(_publish.decision_made, dispatch_uid="publish decisions")
    post_save.connect(_publish.decision_stored, sender=Decision, dispatch_uid="publish what awaits a second signature")
    post_save.connect(_publish.answered, sender=SecondSignature, dispatch_uid="publish second signatures")
    OPERATIONS.offer("fhir", named("integrations.fhir.operations.offered").OFFERED)
    AGAIN[DOOR] = named("integrations.fhir.interactions.again").again
