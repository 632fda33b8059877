"""How long to wait for a server, and what its headers say about it."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long: tries a page, first and longest wait between two (s), time-out of a read (s).

    `page_s` is how long a whole page may take, however steadily it comes.
    """

    tries: int = 8
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0
    longest_retry_after_s: float = 300.0
    timeout_s: float = 30.0
    page_s: float = 300.0
    largest_page_bytes: int = 128 * 1024 * 1024

    def wait_s(self, attempt: int, named_s: float | None = None) -> float:
        """Seconds to wait after try number `attempt`: the server's Retry-After, a little spread; else doubling."""
        if named_s is not None:
            # At least what was asked for, and not everyone at the same instant.
            return min(named_s, self.longest_retry_after_s) + random.uniform(0, 0.1)  # noqa: S311 - no secret
        ceiling = min(self.longest_wait_s, self.first_wait_s * 2 ** min(attempt - 1, 30))
        return random.uniform(0, ceiling)  # noqa: S311 - no secret


def http_date(text: str) -> datetime | None:
    """The instant of an HTTP date; None if it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def retry_after_s(text: str, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header, given in seconds or as a date; None if it says nothing usable."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    moment = http_date(text) if text else None
    return None if moment is None else max(0.0, (moment - now).total_seconds())
