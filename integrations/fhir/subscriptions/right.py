"""How far the right of a subscription's owner goes now: asked anew whenever something is to be told."""

from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from clinic.access.actor import actor_of
from clinic.access.permissions import granted
from clinic.access.roles import Permission
from integrations.fhir.authentication import Caller
from integrations.fhir.interactions.found import reaches
from integrations.fhir.outcome import Refusal
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.served import Served
from integrations.fhir.subscriptions.models import Event, Subscriber
from integrations.fhir.subscriptions.published import published
from integrations.fhir.subscriptions.topics import TOPIC, TOPICS
from integrations.smart.authorization import holds
from integrations.smart.models import Authorization
from integrations.smart.scopes import intersect, parse


def caller_for(subscriber: Subscriber) -> Caller | None:
    """Its owner as a caller of the door, with the roles and the registration of today; None where the right is gone.

    A system's right ends with its user, role or registration; an app's also with what the person allowed it. That its
    own token has expired since ends nothing: tokens live for minutes.
    """
    user, application = subscriber.user, subscriber.application
    if not user.is_active or application is None:
        return None
    scope, registration = subscriber.scope, getattr(application, "smart", None)
    if registration is not None:
        if registration.disabled is not None:
            return None
        scope = str(intersect(parse(scope), parse(registration.scope)))
    if subscriber.is_person and not _allowed(subscriber.authorization):
        return None
    actor = actor_of(user)
    needed = Permission.PATIENT_VIEW if subscriber.is_person else Permission.FHIR_READ
    if needed not in granted(actor.roles):
        return None
    caller = Caller(
        actor=actor,
        scope=scope,
        user=user,
        client_id=application.client_id,
        patient=subscriber.patient,
        authorization=subscriber.authorization_id,
        purpose=registration.purpose if registration is not None else "TREAT",
        is_person=subscriber.is_person,
    )
    return caller if caller.covers(TOPICS[TOPIC + subscriber.topic].resource_type, "r") else None


def _allowed(authorization: Authorization | None) -> bool:
    """Whether a person's permission holds, and was not withdrawn: then a token of it is left, to use or to renew."""
    if authorization is None or not holds(authorization):
        return False
    renewable = RefreshToken.objects.filter(token_family=authorization.family, revoked=None)
    usable = AccessToken.objects.filter(authorized__authorization=authorization, expires__gt=timezone.now())
    return renewable.exists() or usable.exists()


def may_hear(caller: Caller, event: Event, topic: str) -> bool:
    """Whether the event is within the caller's reach.

    Where the scope is narrowed by search parameters, what it is about must be there and answer them.
    """
    resource_type = TOPICS[TOPIC + topic].resource_type
    if event.subject_id is None:
        return True
    try:
        reach = caller.reach(resource_type, "r")
    except Refusal:
        return False
    if not reaches(reach, resource_type, event.subject_id):
        return False
    if not reach.queries:
        return True
    return bool(seen(caller, [pair for pair in published(event.about) if pair[0] == resource_type]))


def seen(caller: Caller, names: list[list[str]]) -> list[Served]:
    """The resources of those names that are there and that the caller may read, in that order."""
    found: list[Served] = []
    for resource_type, identifier in names:
        if resource_type in TYPES and caller.covers(resource_type, "r"):
            found += TYPES[resource_type].named([identifier], caller.reach(resource_type, "r"))
    return found
