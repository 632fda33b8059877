"""Failed logins, counted where every web process sees them."""

from django.db import models


class LoginFailures(models.Model):
    """Failures of one name from one address, or of one address, since `since`. `key` is a digest: people mistype
    passwords into the name's field, so what was typed is not kept.
    """

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    since = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} since {self.since:%Y-%m-%d %H:%M}"
