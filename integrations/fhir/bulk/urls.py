"""Addresses of exports; they stand before the door's own, which answer everything below ``/fhir``."""

from django.urls import path

from clinic.access.deferred import named
from clinic.access.gate import bearer

views = named("integrations.fhir.bulk.views")

_client = bearer("for the system that asked for the export: 401 without its bearer token")

urlpatterns = [
    path("fhir/$export/<uuid:export_id>", _client(views.StatusView.as_view()), name="fhir-export"),
    path("fhir/$export/<uuid:export_id>/<str:name>", _client(views.FileView.as_view()), name="fhir-export-file"),
]
