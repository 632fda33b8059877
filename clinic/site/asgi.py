"""The web server's way in: ``clinic.site.asgi:application``."""

import os

from django.core.asgi import get_asgi_application

from clinic.measures.units import refuse_wrong_units
from clinic.site import warming

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")

application = get_asgi_application()
refuse_wrong_units()
warming.at_start()
