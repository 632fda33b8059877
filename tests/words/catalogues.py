"""Brings the German catalogues in step with the source: ``python -m tests.words.catalogues [clinic.access …]``.

Each app has its own: ``locale/de/LC_MESSAGES/django.po``, and the ``django.mo`` compiled from it, so that a clone needs
no gettext. Nothing is guessed (no fuzzy entries), and neither dates nor line numbers are written, so that two people
who add a sentence each do not meet in the same line. Prints what has no German yet.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
from django.apps import apps
from django.core.management import call_command
from django.core.management.commands import makemessages

from clinic.twin_words import gather
from tests.environment import ROOT
from tests.words.portable import read

TOOLS = ("xgettext", "msgmerge", "msguniq", "msgattrib", "msgfmt")
_HEADER = """msgid ""
msgstr ""
"Language: de\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""


class _Extract(makemessages.Command):
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]  # noqa: RUF012 - as its parent


def ours() -> dict[str, Path]:
    """Folder of each of our own apps, by its dotted name."""
    found = {config.name: Path(config.path) for config in apps.get_app_configs()}
    return {name: path for name, path in found.items() if path.is_relative_to(ROOT) and ".venv" not in path.parts}


def catalogue(folder: Path) -> Path:
    return folder / "locale" / "de" / "LC_MESSAGES" / "django.po"


def missing_tools() -> list[str]:
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def extract(folder: Path, others: list[Path]) -> None:
    """Write the catalogue of the app in `folder` anew; what is no longer in the source is dropped.

    The engine's sentences are no source text of an app: `clinic.twin_words.gather` knows them.
    """
    if folder.name == "twin_words":
        _extract_the_engine(folder)
        return
    (folder / "locale").mkdir(exist_ok=True)
    inside = [f"{other.relative_to(folder)}/*" for other in others if other != folder and other.is_relative_to(folder)]
    with _inside(folder):
        call_command(
            _Extract(),
            locale=["de"],
            ignore_patterns=inside,
            no_location=True,
            no_obsolete=True,
            no_wrap=True,
            verbosity=0,
        )
    po = catalogue(folder)
    if not po.exists():
        shutil.rmtree(folder / "locale")
        return
    _settle(po)


def _extract_the_engine(folder: Path) -> None:
    po = catalogue(folder)
    with tempfile.TemporaryDirectory() as aside:
        pot = Path(aside) / "django.pot"
        pot.write_text(gather.template(), encoding="utf-8")
        quiet = ["-q", "--backup=none", "--no-fuzzy-matching", "--no-wrap"]
        subprocess.run(["msgmerge", *quiet, "--update", str(po), str(pot)], check=True)
    subprocess.run(["msgattrib", "--no-obsolete", "--no-wrap", "-o", str(po), str(po)], check=True)
    _settle(po)


def _settle(po: Path) -> None:
    """With the one header that never changes."""
    entries = po.read_text(encoding="utf-8").split("\n\n")[1:]
    po.write_text("\n\n".join([_HEADER.rstrip("\n"), *entries]), encoding="utf-8")


def compile_catalogue(po: Path) -> None:
    subprocess.run(["msgfmt", "--check-format", "-o", str(po.with_suffix(".mo")), str(po)], check=True)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def main(names: list[str]) -> int:
    if missing_tools():
        sys.stderr.write(f"{missing_tools()[0]} is not installed; on Debian: apt-get install gettext\n")
        return 1
    folders = ours()
    lacking = 0
    for name in names or sorted(folders):
        extract(folders[name], list(folders.values()))
        po = catalogue(folders[name])
        if not po.exists():
            continue
        compile_catalogue(po)
        for entry in read(po):
            if entry.key and not all(entry.texts):
                lacking += 1
                sys.stdout.write(f"{name}: {entry.key}\n")
    sys.stdout.write(f"{lacking} without German\n")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    django.setup()
    sys.exit(main(sys.argv[1:]))
