"""What the decisions tell the house: sent in the transaction that stores, so that listeners commit or fail with it."""

from django.dispatch import Signal

decision_made = Signal()
"""A `Decision` is final: stored without need of a second signature, or agreed to by a second person. Carries `instance`
and `asked_by`, the opaque key of who made it final."""
