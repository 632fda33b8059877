"""The web server's way in: ``clinic.site.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

from clinic.site import warming

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")

application = get_wsgi_application()
warming.at_start()
