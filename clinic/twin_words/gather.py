"""All sentences of the engine, and the template of their catalogue (`python -m tests.words.catalogues` merges it)."""

import json
from functools import lru_cache
from importlib import import_module
from pkgutil import walk_packages

import twins
from twins.quantities.sentence import Sentence, defined

CONTEXT = "twin"
"""Of all messages, so that a short name of the engine is not taken for a word of a page."""


@lru_cache(maxsize=1)
def sentences() -> tuple[Sentence, ...]:
    """Those of every module of the twins, whichever this process had loaded: what another stored is said too."""
    for module in walk_packages(twins.__path__, "twins."):
        if ".migrations" not in module.name:
            import_module(module.name)
    return defined()


def template() -> str:
    """A ``.pot`` with each message once, in alphabetical order."""
    lines = ['msgid ""', 'msgstr "Content-Type: text/plain; charset=UTF-8\\n"', ""]
    for message in sorted({each.message for each in sentences() if each.message}):
        if "{" in message:
            lines.append("#, python-brace-format")
        lines += [f'msgctxt "{CONTEXT}"', f"msgid {json.dumps(message, ensure_ascii=False)}", 'msgstr ""', ""]
    return "\n".join(lines)
