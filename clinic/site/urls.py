"""Every URL of the product."""

from importlib.util import find_spec

from django.urls import include, path

from clinic.site import health

PARTS = (
    "clinic.access.urls",
    "clinic.worklist.urls",
    "clinic.comparisons.urls",
    "clinic.decisions.urls",
    "clinic.research.urls",
    "integrations.readings.urls",
    "integrations.fhir.urls",
)

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    *(path("", include(part)) for part in PARTS if find_spec(part)),
]
