"""All sentences of the engine; and, run by itself, the template of their catalogue for translators.

In the folder ``clinic/twin_words/locale/de/LC_MESSAGES`` a catalogue is brought up to date by

    python -m clinic.twin_words.gather > django.pot
    msgmerge --update --backup=none --no-wrap django.po django.pot
    msgfmt --check -o django.mo django.po

A test says when that is due.
"""

import json
import os
import sys
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


if __name__ == "__main__":
    import django  # only here: whoever imports this module has set it up

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    django.setup()
    sys.stdout.write(template())
