"""What the decisions tell the house: sent in the transaction that stores, so that listeners commit or fail with it."""

from django.dispatch import Signal

decision_made = Signal()
"""A `Decision` was stored: `instance`, and `asked_by`, the opaque key of who decided."""
