"""Why a decision is not taken; each error's text names what is wrong and what to do."""

from django.utils.translation import gettext as _


class DecisionError(ValueError):
    """A decision that cannot be taken as asked."""


class ReasonMissingError(DecisionError):
    """Nobody signs or declines without saying why."""


class StaleComparisonError(DecisionError):
    """Newer or changed data have made a newer twin since the comparison was computed."""


class NotAcknowledgedError(DecisionError):
    """Whoever signs did not say that they know why the forecast may not hold for this patient."""


class AlreadyDecidedError(DecisionError):
    """A comparison gets one first decision; what comes after amends it."""


class AlreadyAmendedError(DecisionError):
    """A decision is amended once; what comes after amends the later one."""


class NothingInForceError(DecisionError):
    """There is nothing that could be withdrawn."""


class OtherInForceError(DecisionError):
    """A plan that was signed on another comparison would stand beside the one chosen now."""


class NotAwaitingError(DecisionError):
    """The decision needs no second signature, or has its answer, or was replaced."""


class SamePersonError(DecisionError):
    """The second signature is not of the person who signed first."""


class OtherPageError(DecisionError):
    """What is stored is not what was on the page that the person saw."""


class NoSuchPlanError(DecisionError):
    """The position names no plan of the comparison."""


class RecordError(DecisionError):
    """The record that is questioned does not exist, or is questioned already."""


class NewTimeError(DecisionError):
    """The new time of a re-timed record is missing or impossible."""


def stated(reason: str, limit: int) -> str:
    """The reason without surrounding blanks, and without NUL, which is no text for PostgreSQL.

    Raises
    ------
    ReasonMissingError
        If nothing is left, or more than `limit` characters.
    """
    text = reason.replace("\x00", "").strip()
    if not text:
        raise ReasonMissingError(_("The reason is empty; say in a few words why you decide so."))
    if len(text) > limit:
        words = _("The reason has {count} characters; shorten it to {limit}.")
        raise ReasonMissingError(words.format(count=len(text), limit=limit))
    return text
