"""What a person allowed an app: for how long it holds, and how it ends."""

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from clinic.access.permissions import has, visible_patients
from clinic.access.roles import Permission
from clinic.patients.models import Patient
from integrations.fhir.identity import server_id
from integrations.smart.models import Authorization


def redeem(authorization: Authorization) -> bool:
    """Use up its code; False where that was done before, by whoever."""
    fresh = Authorization.objects.filter(pk=authorization.pk, redeemed=None)
    return fresh.update(redeemed=timezone.now()) == 1


@transaction.atomic
def withdraw(authorization: Authorization) -> None:
    """End every token that came of it, one that an exchange under way brings included."""
    # Whoever refreshes holds the row of the old token until the new one is there to be found.
    list(RefreshToken.objects.select_for_update().filter(token_family=authorization.family).values("pk"))
    RefreshToken.revoke_family(authorization.family)
    AccessToken.objects.filter(authorized__authorization=authorization).delete()


def living(user_pk: int | None) -> QuerySet[Authorization]:
    """A person's authorizations that still have a token in force."""
    refreshed = RefreshToken.objects.filter(user=user_pk, revoked=None, token_family__isnull=False)
    lives = Q(family__in=refreshed.values("token_family")) | Q(tokens__access_token__expires__gt=timezone.now())
    return Authorization.objects.filter(lives, user=user_pk).distinct()


def holds(authorization: Authorization) -> bool:
    """Whether new tokens may come of it still.

    The person must be in service and in the role, the patient in a care team of theirs, and where the app asked for
    online access, the session must not have ended.
    """
    user = authorization.user
    if not has(user, Permission.APP_AUTHORIZE):
        return False
    scopes = authorization.scope.split()
    if "online_access" in scopes and "offline_access" not in scopes:
        session = authorization.session
        if session is None or session.expire_date <= timezone.now():
            return False
    return authorization.subject_id is None or visible_patients(user).filter(pk=authorization.subject_id).exists()


def launch_context(authorization: Authorization) -> dict[str, Any]:
    """The launch context that a token response carries."""
    if authorization.subject_id is None:
        return {}
    patient = Patient.objects.get(pk=authorization.subject_id)
    return {"patient": server_id(patient.source_key), "need_patient_banner": True}
