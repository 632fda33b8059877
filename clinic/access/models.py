"""Failed logins, counted where every web process sees them; lent passwords; and who chose which language."""

from django.conf import settings
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


class LentPassword(models.Model):
    """The person's password was set by somebody else: it opens the page that changes it, and nothing besides."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="lent_password"
    )
    since = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.person_id} since {self.since:%Y-%m-%d %H:%M}"


class ChosenLanguage(models.Model):
    """The language in which the person reads pages and mail; without a row they chose none."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="chosen_language"
    )
    code = models.CharField(max_length=10)

    def __str__(self) -> str:
        return f"{self.person_id} in {self.code}"
