"""What the puller tells the house, inside a transaction."""

from django.dispatch import Signal

pull_failed = Signal()
"""A pull of `source` failed, wholly or for some types."""
