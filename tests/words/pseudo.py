"""A language that nobody speaks: each translated text in brackets, so that what was never marked stands outside."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.utils import translation

OPEN, CLOSE = "⟦", "⟧"
_PLACE = re.compile(r"(%\([^)]*\)[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]|%[-#0 +]*\d*(?:\.\d+)?[sdfgir]|\{[^{}\n]*\})")


def bracket(text: str) -> str:
    """The words of a text in brackets; what is put into its places stays outside and must have brackets of its own."""
    parts = _PLACE.split(text)
    return "".join(part if k % 2 else f"{OPEN}{part}{CLOSE}" if part else "" for k, part in enumerate(parts))


@contextmanager
def spoken() -> Iterator[None]:
    """Within, German is spoken with each translated text in brackets, by every thread."""
    known = translation._trans  # type: ignore[attr-defined]
    real = {name: getattr(translation.trans_real, name) for name in ("gettext", "pgettext", "ngettext", "npgettext")}

    def of(name: str) -> Any:
        return lambda *texts: bracket(str(real[name](*texts)))

    with mock.patch.multiple(known, create=True, **{name: of(name) for name in real}):
        yield
