"""What subscriptions listen to, what writes them, and what is asked of them; imported when it is needed first."""

from clinic.access.deferred import named
from clinic.decisions.signals import decision_made
from integrations.ehr.signals import pull_failed
from integrations.fhir.interactions.ways import BEFOREHAND, OWN_WAY
from integrations.fhir.offers import OPERATIONS
from twins.records.signals import comparison_made, twin_updated

_happened = named("integrations.fhir.subscriptions.happened")
_written = named("integrations.fhir.subscriptions.written")


def connect() -> None:
    """Listen, and let the door write Subscriptions here; safe to call more than once."""
    twin_updated.connect(_happened.twin, dispatch_uid="subscriptions to twins")
    comparison_made.connect(_happened.comparison, dispatch_uid="subscriptions to comparisons")
    decision_made.connect(_happened.decision, dispatch_uid="subscriptions to decisions")
    pull_failed.connect(_happened.pull, dispatch_uid="subscriptions to pulls")
    OWN_WAY["Subscription"] = {"POST": _written.made, "PUT": _written.changed, "DELETE": _written.deleted}
    BEFOREHAND["Subscription"] = named("integrations.fhir.subscriptions.wanted").looked_up
    OPERATIONS.offer("subscriptions", named("integrations.fhir.subscriptions.offered").OFFERED)
