"""What happens to apps as a person's account changes; what it is done with is imported when it happens first."""

from clinic.access.deferred import named
from clinic.access.signals import credentials_ended

_ended = named("integrations.smart.ended")


def connect() -> None:
    """Listen; safe to call more than once."""
    credentials_ended.connect(_ended.withdraw_all, dispatch_uid="withdraw what apps were allowed")
