"""The web server's way in: ``clinic.site.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

from clinic.measures.units import refuse_wrong_units
from clinic.site import warming

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")

application = get_wsgi_application()
refuse_wrong_units()
warming.at_start()
