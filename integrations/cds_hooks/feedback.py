"""What became of cards, as the client tells it: checked whole, then kept, each piece once."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from integrations.cds_hooks.call import Json, bad, read_object
from integrations.cds_hooks.models import Feedback, FeedbackOutcome, IssuedCard
from integrations.cds_hooks.offered import Service
from integrations.cds_hooks.trust import Client
from integrations.fhir.outcome import Refusal
from integrations.readings.moment import instant
from integrations.readings.refusal import Refused

_MOST = 100
"""Pieces of feedback in one call."""
_LONGEST_COMMENT = 2000
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Told:
    """One piece of feedback, read but not yet kept."""

    card: UUID
    outcome: FeedbackOutcome
    accepted: tuple[str, ...]
    reason: tuple[str, str, str]
    """System, code and display; empty texts where none was chosen."""
    comment: str
    at: datetime


def read_feedback(body: bytes) -> list[Told]:
    """The feedback in `body`.

    Raises
    ------
    Refusal
        400, naming the field and the remedy.
    """
    listed = read_object(body).get("feedback")
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST:
        raise bad("feedback", listed, f"send a list of 1 to {_MOST} entries")
    return [_told(item, f"feedback[{position}]") for position, item in enumerate(listed)]


def keep_feedback(told: list[Told], *, service: Service, client: Client, by: Actor) -> int:
    """Keep all of it, or none; returns how much was new.

    Raises
    ------
    Refusal
        404 for a card that this service did not give to this client, 400 for a suggestion that was not on the card.
    AuditWriteError
        If it could not be recorded; then nothing is kept.
    """
    with transaction.atomic():
        cards = IssuedCard.objects.filter(service=service.id, client=client.key).in_bulk({item.card for item in told})
        new = 0
        for position, item in enumerate(told):
            card = cards.get(item.card)
            if card is None:
                raise Refusal(
                    404,
                    "not-found",
                    f"feedback[{position}].card is no card that this service gave to this client; send its uuid.",
                    expression=f"feedback[{position}].card",
                )
            _check_suggestions(item, card, position)
            new += _keep(item, card)
        record(
            by=by,
            action=Action.CREATE,
            activity="cds.feedback",
            subject_key=_only_subject(cards),
            entity_type="CdsService",
            entity_id=service.id,
            detail={
                "cards": sorted(map(str, cards)),
                "outcomes": [item.outcome.value for item in told],
                "new": new,
                "subjects": sorted({str(card.subject_id) for card in cards.values() if card.subject_id}),
            },
        )
    return new


def _only_subject(cards: dict[UUID, IssuedCard]) -> object:
    subjects = {card.subject_id for card in cards.values()}
    return next(iter(subjects)) or "" if len(subjects) == 1 else ""


def _keep(item: Told, card: IssuedCard) -> int:
    system, code, display = item.reason
    try:
        with transaction.atomic():
            Feedback.objects.create(
                card=card,
                outcome=item.outcome,
                accepted=list(item.accepted),
                reason_system=system,
                reason_code=code,
                reason_display=display,
                comment=item.comment,
                outcome_at=item.at,
            )
    except IntegrityError:  # told before: clients may tell the same twice
        return 0
    return 1


def _check_suggestions(item: Told, card: IssuedCard, position: int) -> None:
    offered = {suggestion["uuid"] for suggestion in card.suggestions}
    for uuid in item.accepted:
        if uuid not in offered:
            field = f"feedback[{position}].acceptedSuggestions"
            raise bad(field, uuid, "send the uuid of a suggestion of that card")


def _told(item: Any, field: str) -> Told:
    if not isinstance(item, dict):
        raise bad(field, item, "send an object")
    card = item.get("card")
    if not isinstance(card, str) or not _UUID.fullmatch(card):
        raise bad(f"{field}.card", card, "send the uuid of a card")
    try:
        outcome = FeedbackOutcome(item.get("outcome"))
    except ValueError as error:
        raise bad(f"{field}.outcome", item.get("outcome"), "send accepted or overridden") from error
    try:
        at = instant(item.get("outcomeTimestamp"), f"{field}.outcomeTimestamp")
    except Refused as refused:
        raise Refusal(400, "value", f"{refused.detail}.", expression=f"{field}.outcomeTimestamp") from refused
    if outcome is FeedbackOutcome.ACCEPTED:
        return Told(UUID(card), outcome, _accepted(item, field), ("", "", ""), "", at)
    reason, comment = _reason(item, f"{field}.overrideReason")
    return Told(UUID(card), outcome, (), reason, comment, at)


def _accepted(item: Json, field: str) -> tuple[str, ...]:
    listed = item.get("acceptedSuggestions")
    ids = [one.get("id") if isinstance(one, dict) else None for one in listed] if isinstance(listed, list) else []
    if not ids or not all(isinstance(one, str) and _UUID.fullmatch(one) for one in ids):
        raise bad(f"{field}.acceptedSuggestions", listed, "send the id of each suggestion that was accepted")
    return tuple(dict.fromkeys(str(UUID(one)) for one in ids))


def _reason(item: Json, field: str) -> tuple[tuple[str, str, str], str]:
    told = item.get("overrideReason")
    if told is None:
        return ("", "", ""), ""
    if not isinstance(told, dict):
        raise bad(field, told, "send an object")
    comment = told.get("userComment") or ""
    if not isinstance(comment, str) or len(comment) > _LONGEST_COMMENT:
        raise bad(f"{field}.userComment", comment, f"send a text of up to {_LONGEST_COMMENT} characters")
    coding = told.get("reason")
    if coding is None:
        return ("", "", ""), comment
    parts = []
    for name, longest in (("system", 200), ("code", 100), ("display", 200)):
        value = (coding.get(name) or "") if isinstance(coding, dict) else None
        if not isinstance(value, str) or len(value) > longest or (name == "code" and not value):
            raise bad(f"{field}.reason.{name}", value, f"send a Coding, its {name} up to {longest} characters")
        parts.append(value)
    return (parts[0], parts[1], parts[2]), comment
