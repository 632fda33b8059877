"""What the records tell the house: sent inside the transaction that stores, so that listeners commit or fail with it.

Every signal carries `instance` (the stored row) and `asked_by` (opaque key of a user, or ``system``).
"""

from django.dispatch import Signal

twin_updated = Signal()
"""A new `TwinVersion` was stored."""

comparison_made = Signal()
"""A new `Comparison` was stored."""

job_changed = Signal()
"""A `Job` was made or changed its state."""
