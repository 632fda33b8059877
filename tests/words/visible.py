"""What a person sees or hears of a page: its text, and the attributes that browsers show or read aloud."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_SPOKEN = ("title", "alt", "placeholder", "aria-label", "aria-description", "data-label", "aria-roledescription")
_SILENT = frozenset({"script", "style", "template", "code", "pre", "textarea"})
_EMPTY = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)


@dataclass(slots=True)
class _Element:
    tag: str
    silent: bool


@dataclass(slots=True)
class Seen:
    """The texts in order; `attributes` each for itself."""

    text: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Passes over code, raw payloads, and what the page marks as another language or as no matter of language."""

    def __init__(self, language: str) -> None:
        super().__init__(convert_charrefs=True)
        self.language = language
        self.open: list[_Element] = []
        self.seen = Seen()

    @property
    def silent(self) -> bool:
        return bool(self.open) and self.open[-1].silent

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        silent = (
            self.silent
            or tag in _SILENT
            or given.get("translate") == "no"
            or given.get("lang", self.language) != self.language
            or "mono" in given.get("class", "").split()
        )
        if not silent:
            self.seen.attributes += [given[name] for name in _SPOKEN if given.get(name)]
            if tag == "input" and given.get("type") in ("submit", "button"):
                self.seen.attributes.append(given.get("value", ""))
            if tag == "meta" and given.get("name") == "description":
                self.seen.attributes.append(given.get("content", ""))
        if tag in _EMPTY:
            return
        self.open.append(_Element(tag, silent))
        self.seen.text.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self.open) - 1, -1, -1):
            if self.open[place].tag == tag:
                del self.open[place:]
                break
        self.seen.text.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.seen.text.append(data)


def seen(page: str, language: str) -> Seen:
    reader = _Reader(language)
    reader.feed(page)
    reader.close()
    return reader.seen


def outside(text: str, opening: str, closing: str) -> Iterator[str]:
    """The stretches of `text` that lie in no brackets."""
    depth = 0
    stretch: list[str] = []
    for sign in text:
        if sign in (opening, closing):
            if stretch:
                yield "".join(stretch)
                stretch = []
            depth = max(0, depth + (1 if sign == opening else -1))
        elif depth == 0:
            if sign == "\n" and stretch:
                yield "".join(stretch)
                stretch = []
            else:
                stretch.append(sign)
    if stretch:
        yield "".join(stretch)
