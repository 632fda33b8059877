"""What decisions tell the house: sent inside the transaction that stores, so that listeners commit or fail with it."""

from django.dispatch import Signal

decision_made = Signal()
"""A new `Decision` was stored: `instance`."""
