"""What a person's account tells the house: sent in the transaction that stores, so that listeners fail with it too."""

from django.dispatch import Signal

credentials_ended = Signal()
"""A person's password is another one now, or they are out of service: what was granted in their name before, they grant
no more. Carries `person` and `by`, the actor who did it."""
