"""What the inbox tells the house: sent inside the transaction that stores, so that listeners commit or fail with it."""

from django.dispatch import Signal

resources_stored = Signal()
"""Versions of resources were accepted and have their rows: `resources`, a list of `Resource`."""
