"""Looks at every page in a language that nobody speaks, and lists the words that were never marked for translation.

``python -m tests.words.walk [NAME …]``, the names of addresses as in the table of URLs, or the beginning of one. Each
page is asked for, and each form sent empty. Numbers that keep a decimal point on a German page are listed too.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import django

from tests.words import kept, pseudo, visible

_NOT_WALKED = frozenset({"comparison-pdf", "healthz", "readyz"})
"""The PDF is its page laid out, which takes long; the other two are for machines."""
_TEXTS = ("text/html", "text/plain")


@dataclass(frozen=True, slots=True)
class Left:
    """Something on a page that is not in the reader's language."""

    where: str
    what: str


def left_on(page: str, where: str, *, plain: bool = False) -> Iterator[Left]:
    """What of `page`, made while the pseudo-language was spoken, lies outside its brackets."""
    found = visible.Seen([page]) if plain else visible.seen(page, "de")
    for text in ("".join(found.text), *found.attributes):
        for stretch in visible.outside(text, pseudo.OPEN, pseudo.CLOSE):
            if words := kept.words_in(stretch):
                yield Left(where, words)
        for number in kept.points_in(text):
            yield Left(where, f"number {number}")


def walk(names: tuple[str, ...] = ()) -> Iterator[Left]:
    """Everything that is left on the pages whose names begin with one of `names`; on all where none is given."""
    from django.contrib.auth.models import Group
    from django.db import transaction
    from django.test import Client

    from clinic.access.gate import Door
    from tests.architecture.every_row import address_of, someone_known
    from tests.architecture.every_url import addresses
    from tests.factories import patient_records

    patient = someone_known()
    person = patient_records.person("mira")
    person.groups.set(Group.objects.all())
    patient.refresh_from_db()
    with pseudo.spoken():
        for address in addresses():
            if address.name in _NOT_WALKED or address.rule is None or address.rule.door is Door.BEARER:
                continue
            if names and not address.name.startswith(names):
                continue
            for method in ("get", "post"):
                client = Client(raise_request_exception=False)
                client.cookies["django_language"] = "de"
                if address.name not in ("login", "set-password", "second-factor"):
                    client.force_login(person)
                with transaction.atomic():
                    answer: Any = getattr(client, method)(address_of(patient, address.name))
                    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
                    transaction.set_rollback(True)
                kind = answer.get("Content-Type", "").split(";")[0]
                where = f"{address.name} ({method}, {answer.status_code})"
                if answer.status_code == 500:
                    yield Left(where, "the page failed, so that its words were not seen")
                elif answer["Content-Language"] == "de" and kind in _TEXTS:
                    yield from left_on(content.decode(), where, plain=kind == "text/plain")


def main(names: list[str]) -> int:
    from django.test.runner import DiscoverRunner

    runner = DiscoverRunner(verbosity=0)
    runner.setup_test_environment()
    databases = runner.setup_databases()
    seen = set()
    try:
        for left in walk(tuple(names)):
            if left.what not in seen:  # what every page says is said once
                seen.add(left.what)
                sys.stdout.write(f"{left.where}: {left.what}\n")
                sys.stdout.flush()
    finally:
        runner.teardown_databases(databases)
    sys.stdout.write(f"{len(seen)} left\n")
    return 1 if seen else 0


if __name__ == "__main__":
    import tests.environment  # noqa: F401 - a folder and a database of its own

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    django.setup()
    sys.exit(main(sys.argv[1:]))
