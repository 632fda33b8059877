"""``manage.py verify_decisions``: is every decision as the audit trail knows it?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinic.decisions.witnessed import witnessed


class Command(BaseCommand):
    help = (
        "Hold every decision and second signature against its audit event; name each that was changed, removed or put"
        " in. Ends with code 0 if all agree. Whether the events themselves are whole, verify_audit says."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        found = witnessed()
        for fault in found.faults:
            self.stderr.write(fault)
        if found.faults:
            raise CommandError(f"{len(found.faults)} of the decisions and signatures are not as the trail knows them")
        self.stdout.write(
            f"{found.decisions} decisions and {found.seconds} second signatures are as the trail knows them"
        )
        if found.removed:
            self.stdout.write(f"the events of {found.removed} of them were removed at the end of their retention")
