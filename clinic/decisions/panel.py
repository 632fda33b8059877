"""What the comparison page shows of the decision: what was decided, and what the person who looks may do."""

from dataclasses import dataclass

from django.http import HttpRequest

from clinic.access.reauthentication import repeated
from clinic.decisions.acknowledged import Asked, asked_of
from clinic.decisions.amend import signed
from clinic.decisions.high_alert import is_high_alert
from clinic.decisions.sign import signed_before
from clinic.decisions.told import Told, start_of, with_all
from twins.records.models import Comparison


@dataclass(frozen=True, slots=True)
class Panel:
    """The decisions on one comparison, the last of them, and what may follow.

    Attributes
    ----------
    last
        The last one, which is the one to be amended; None where nothing was decided.
    earlier
        Those that it amends, the newest first.
    may_answer
        Whether the person who looks may be the second to sign: somebody else was the first.
    may_amend, may_withdraw
        Whether another plan can be chosen, and whether there is something to end. Rights are another question.
    replaces
        The signature on another comparison that one on this would replace; None where a decision was made already.
    ends
        What a withdrawal would end besides the last decision itself: a signature that still stands before it.
    asked
        What a signature on a plan must acknowledge.
    ask_again
        Whether a signature asks for the password.
    """

    last: Told | None
    earlier: tuple[Told, ...]
    may_answer: bool
    may_amend: bool
    may_withdraw: bool
    replaces: Told | None
    ends: Told | None
    high_alert: bool
    asked: tuple[Asked, ...]
    ask_again: bool

    @property
    def contradicting(self) -> tuple[str, ...]:
        """Why the patient's levels do not fit the model, as a page says it."""
        return next((one.reasons for one in self.asked if one.is_of_levels), ())

    @classmethod
    def of(cls, comparison: Comparison, request: HttpRequest, *, outdated: bool) -> "Panel":
        start = start_of(comparison)
        found = list(with_all(comparison.decisions.order_by("-number")))
        for decision in found:
            decision.comparison = comparison  # so that nobody loads its curves again
        told = tuple(Told.of(decision, start) for decision in found)
        last = told[0] if told else None
        standing = signed(last.decision) if last is not None else None
        before = signed_before(comparison) if last is None else None
        open_end = last is not None and last.decision.successor is None
        return cls(
            last=last,
            earlier=told[1:],
            may_answer=last is not None and last.awaiting and last.decision.decided_by_id != request.user.pk,
            may_amend=open_end and not outdated,
            may_withdraw=open_end
            and (standing is not None or (not outdated and last is not None and bool(last.letter))),
            replaces=Told.of(before, start_of(before.comparison)) if before is not None else None,
            ends=(
                Told.of(standing, start_of(standing.comparison))
                if last is not None and standing is not None and standing.pk != last.decision.pk
                else None
            ),
            high_alert=is_high_alert(comparison.twin_version.drug),
            asked=asked_of(comparison),
            ask_again=not repeated(request),
        )
