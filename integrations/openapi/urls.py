"""The addresses of the description."""

from django.urls import path

from clinic.access.deferred import named
from clinic.access.gate import bearer

views = named("integrations.openapi.views")

_system = bearer("for hospital systems: 401 without a bearer token of the integration role")

urlpatterns = [
    path("openapi.json", _system(views.openapi), name="openapi"),
    path("clients/openapi.json", views.openapi_page, name="openapi-page"),
]
