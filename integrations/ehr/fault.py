"""What can go wrong with a request, so that each is met in its own way."""

import httpx


class FetchError(Exception):
    """An answer that could not be had; names the address, what came back and the remedy."""

    def __init__(self, url: str, why: str, *, status: int = 0) -> None:
        super().__init__(f"{url}: {why}")
        self.status = status


class CutShort(FetchError):
    """A page whose connection broke before its end; `content` is what had arrived."""

    def __init__(self, url: str, why: str, content: bytes, content_type: str) -> None:
        super().__init__(url, why)
        self.content = content
        self.content_type = content_type


class Again(FetchError):
    """Worth another try, not before `wait_s` seconds if the server named a time."""

    def __init__(self, url: str, why: str, *, status: int = 0, wait_s: float | None = None) -> None:
        super().__init__(url, why, status=status)
        self.wait_s = wait_s


class TooSlow(Again):
    """A page that went on coming, and was not whole when its time was over."""


class Stopped(Exception):
    """The run was asked to stop while it waited."""


def said(content: bytes) -> str:
    """What an error answer says, JSON or plain text, short and on one line."""
    return " ".join(content[:200].decode("utf-8", "replace").split())


def unreachable(error: httpx.HTTPError) -> str:
    return f"{type(error).__name__} ({error}); check that the server runs and can be reached"
