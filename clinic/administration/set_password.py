"""The page behind an invitation: a person sets a password, once, without being signed in."""

from typing import Any

from django.contrib.auth.views import PasswordResetConfirmView
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse_lazy

from clinic.access.actor import actor_of, key_of
from clinic.access.gate import public
from clinic.access.lent_password import is_own
from clinic.access.signals import credentials_ended
from clinic.audit.event import record
from clinic.audit.models import Action


class _SetPassword(PasswordResetConfirmView):
    """Django's view, which keeps the token out of the address; a person out of service sets nothing."""

    template_name = "administration/set_password.html"
    success_url = reverse_lazy("login")

    def get_user(self, uidb64: str) -> Any:
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None

    def render_to_response(self, context: dict[str, Any], **more: Any) -> HttpResponse:
        return super().render_to_response(context, status=200 if self.validlink else 410, **more)

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            actor = actor_of(self.user, self.request)
            record(
                by=actor,
                action=Action.UPDATE,
                activity="person.set-password",
                entity_type="User",
                entity_id=key_of(self.user),
                purpose="",
            )
            is_own(self.user)
            credentials_ended.send(type(self.user), person=self.user, by=actor)
            return super().form_valid(form)


set_password = public("whoever holds an invitation sets the password of a new person; without one nothing happens")(
    _SetPassword.as_view()
)
