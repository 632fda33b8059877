"""The web server's way in: ``clinic.site.asgi:application``."""

import os

from django.core.asgi import get_asgi_application

from clinic.site import warming

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")

application = get_asgi_application()
warming.at_start()
