"""Why an administrator changes what holds for a drug: kept with each version of limits and of models."""

from django.utils.translation import gettext as _

REASON_LIMIT = 500


def stated(reason: str, refused: type[Exception]) -> str:
    """The reason without what cannot be stored; raises `refused` where there is none or it is too long."""
    text = reason.replace("\x00", "").strip()
    if not text or len(text) > REASON_LIMIT:
        raise refused(_("Give a reason of up to {most} characters.").format(most=REASON_LIMIT))
    return text
