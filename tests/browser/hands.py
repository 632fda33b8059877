"""A person at the keyboard who never touches the mouse, and a count of the pages that they open."""

import re
import time
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Error, Page, expect

_COMPLAIN = """
for (const kind of ["pointerdown", "mousedown", "touchstart"])
  addEventListener(kind, (event) => event.isTrusted && console.error(`the pointer was used: ${kind}`), true);
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
"""
_FOCUSED = """(() => {
  const one = document.activeElement;
  const label = one.labels && one.labels.length ? one.labels[0].innerText : "";
  const said = one.getAttribute("aria-label") || label || one.innerText || one.getAttribute("title") || "";
  return said.replace(/\\s+/g, " ").trim();
})()"""
_LEADS_AWAY = """(() => {
  const one = document.activeElement;
  const swaps = one.matches("[hx-get], [hx-post]");
  const link = one.matches("a[href]") && !one.getAttribute("href").startsWith("#");
  window.leaving = !swaps && (link || (one.matches("button") && one.type === "submit"));
  return window.leaving;
})()"""
_FARTHEST = 250
_PATIENCE_S = 120


def watch(context: BrowserContext) -> None:
    """From now on a touch of the pointer and a breach of the Content Security Policy are errors of the console."""
    context.add_init_script(_COMPLAIN)


class Hands:
    """Tab, Enter, Space, arrows and letters; `pages` are the different pages that were opened, in order."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pages: list[str] = []
        page.on("framenavigated", lambda frame: self._note(frame.url) if frame == page.main_frame else None)

    def open(self, address: str) -> None:
        """Type an address, as one does to begin."""
        self.page.goto(address)

    def reach(self, name: str | re.Pattern[str]) -> None:
        """Press Tab until the control of this name has the focus, and is seen to have it."""
        seen = []
        for _ in range(_FARTHEST):
            self.page.keyboard.press("Tab")
            said = self.page.evaluate(_FOCUSED)
            if said == name if isinstance(name, str) else name.search(said):
                assert self.page.evaluate("document.activeElement.matches(':focus-visible')"), (
                    f"{said!r} shows no focus"
                )
                return
            seen.append(said[:60])
        raise AssertionError(f"Tab did not reach {name!r} on {self.page.url}; it passed {dict.fromkeys(seen)}")

    def follow(self, name: str | re.Pattern[str], *, stays: bool = False) -> None:
        """Reach a link or a button, press Enter on it, and wait for the page it leads to; `stays`: it leads to none."""
        self.reach(name)
        leaves = self.page.evaluate(_LEADS_AWAY) and not stays
        self.page.keyboard.press("Enter")
        if leaves:
            self._arrive()

    def write(self, name: str | re.Pattern[str], text: str) -> None:
        """Reach a field and type into it, in place of what stands there."""
        self.reach(name)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def tick(self, name: str | re.Pattern[str]) -> None:
        """Reach a box and tick it."""
        self.reach(name)
        self.page.keyboard.press("Space")
        assert self.page.evaluate("document.activeElement.checked")

    def choose(self, first: str | re.Pattern[str], name: str | re.Pattern[str]) -> None:
        """Reach a group of choices by its first, and go down to the one of this name."""
        self.reach(first)
        self.page.keyboard.press("Space")
        for _ in range(20):
            said = self.page.evaluate(_FOCUSED)
            if said == name if isinstance(name, str) else name.search(said):
                assert self.page.evaluate("document.activeElement.checked")
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrows did not reach {name!r}")

    def sees(self, text: str | re.Pattern[str], *, timeout: float = 120_000) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=timeout)

    def _arrive(self) -> None:
        """Asked again and again: to have the page itself wait for a condition is what its policy forbids."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            try:
                if self.page.evaluate("!window.leaving && document.readyState === 'complete'"):
                    return
            except Error:  # the old page is gone, and the next not there yet
                pass
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{self.page.url} led nowhere")

    def _note(self, url: str) -> None:
        path = urlsplit(url).path
        if path and url.startswith("http") and (not self.pages or self.pages[-1] != path):
            self.pages.append(path)
