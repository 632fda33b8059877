"""``python -m tests.browser.key_only NAME``: a person who has a key and no password, and who proved it long ago."""

import os
import sys

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    django.setup()
    from importlib import import_module

    from allauth.usersessions.models import UserSession
    from django.conf import settings
    from django.contrib.auth import get_user_model

    # Straight into the rows: to set an unusable password in the usual way would end every session.
    person = get_user_model().objects.get(username=sys.argv[1])
    store = import_module(settings.SESSION_ENGINE).SessionStore
    kept = [store(session_key=one.session_key) for one in UserSession.objects.filter(user=person)]
    person.set_unusable_password()
    person.save(update_fields=["password"])
    for session in kept:
        session["_auth_user_hash"] = person.get_session_auth_hash()
        session["access_confirmed_at"] = session["access_repeated_at"] = 0
        session.save()


if __name__ == "__main__":
    main()
