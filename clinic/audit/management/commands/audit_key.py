"""``manage.py audit_key``: the public key that checks this site's checkpoints."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinic.audit.signing import SigningKeyError, signer


class Command(BaseCommand):
    help = "Print the public key of the audit chain's checkpoints in PEM; keep it away from this machine."

    def handle(self, *_: Any, **__: Any) -> None:
        try:
            key = signer()
        except SigningKeyError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stderr.write(f"key {key.key_id}")
        self.stdout.write(key.public_pem(), ending="")
