"""What SMART adds to django-oauth-toolkit's tables: side tables, so that its models stay as it migrates them."""

import uuid

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AccessToken, Application

from twins.records.models import Subject


class Kind(models.TextChoices):
    PUBLIC = "public", _("an app that people use and that can keep no secret: in a browser or on a telephone")
    CONFIDENTIAL = "confidential", _("an app that people use, with a server of its own")
    BACKEND = "backend", _("a system without people: reports, bulk export")


class Proof(models.TextChoices):
    """How a client shows at the token endpoint that it is itself."""

    NOTHING = "none", _("nothing but the code's PKCE verifier")
    SECRET = "client_secret", _("a secret")
    KEY = "private_key_jwt", _("an assertion signed with its private key")


class Purpose(models.TextChoices):
    """Purpose of use, as codes of v3-ActReason."""

    TREATMENT = "TREAT", _("treatment")
    RESEARCH = "HRESCH", _("research")
    OPERATIONS = "HOPERAT", _("running the hospital")


_KINDS_IN_SHORT = {
    Kind.PUBLIC: gettext_noop("public"),
    Kind.CONFIDENTIAL: gettext_noop("confidential"),
    Kind.BACKEND: gettext_noop("backend"),
}


class SmartClient(models.Model):
    """A registered app or system: what it may ask for, how it proves itself, and whether it still may."""

    application = models.OneToOneField(Application, primary_key=True, on_delete=models.CASCADE, related_name="smart")
    kind = models.CharField(max_length=12, choices=Kind)
    proof = models.CharField(max_length=16, choices=Proof)
    jwks_url = models.CharField(max_length=500, blank=True, default="")
    jwks = models.JSONField(null=True, blank=True)
    """The client's public keys by value."""
    scope = models.TextField()
    """The most that it may be granted, in the form of SMART 2."""
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.TREATMENT)
    introspects = models.BooleanField(default=False)
    """Whether it may ask about tokens of other clients, as a resource server does."""
    registered = models.DateTimeField(auto_now_add=True)
    disabled = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="keys_where_keys_prove",
                condition=models.Q(proof=Proof.KEY, jwks_url="", jwks__isnull=False)
                | (models.Q(proof=Proof.KEY, jwks__isnull=True) & ~models.Q(jwks_url=""))
                | (~models.Q(proof=Proof.KEY) & models.Q(jwks_url="", jwks__isnull=True)),
            ),
            models.CheckConstraint(
                name="only_public_clients_prove_nothing",
                condition=models.Q(kind=Kind.PUBLIC, proof=Proof.NOTHING)
                | (~models.Q(kind=Kind.PUBLIC) & ~models.Q(proof=Proof.NOTHING)),
            ),
        ]

    def __str__(self) -> str:
        return self.application.name

    @property
    def kind_in_short(self) -> str:
        return gettext(_KINDS_IN_SHORT[Kind(self.kind)])


class Authorization(models.Model):
    """What one person allowed one app at one time. Every token that came of it points here, so all can be ended."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    subject = models.ForeignKey(Subject, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The patient it is about, where it is about one."""
    scope = models.TextField()
    code_digest = models.CharField(max_length=64, unique=True)
    redeemed = models.DateTimeField(null=True, blank=True)
    """When the code was exchanged. A second try withdraws everything."""
    family = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """The family of its refresh tokens."""
    session = models.ForeignKey(Session, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """The person's session, beyond which `online_access` does not go."""
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.application_id} for {self.user_id}"


class AuthorizedToken(models.Model):
    """An access token that came of an authorization."""

    access_token = models.OneToOneField(
        AccessToken, primary_key=True, on_delete=models.CASCADE, related_name="authorized"
    )
    authorization = models.ForeignKey(Authorization, on_delete=models.CASCADE, related_name="tokens")

    def __str__(self) -> str:
        return f"token {self.access_token_id}"


class LaunchContext(models.Model):
    """Which patient was open when a hospital system started an app. `digest` is of the value that the app carries."""

    digest = models.CharField(max_length=64, primary_key=True)
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="+")
    application = models.ForeignKey(Application, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    """The only app that may use it; none: any."""
    expires = models.DateTimeField(db_index=True)
    used = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.digest[:8]


class UsedAssertion(models.Model):
    """The `jti` of an assertion that was accepted: the primary key lets each be accepted once, whatever runs beside."""

    digest = models.CharField(max_length=64, primary_key=True)
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest[:8]
