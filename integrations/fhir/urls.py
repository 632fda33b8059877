"""Addresses of the FHIR door and of its tokens."""

from django.urls import path, re_path

from clinic.access.gate import bearer, public
from integrations.fhir import views
from integrations.fhir.tokens import Revoke, Token

_caller = bearer("for hospital systems: 401 without a bearer token of the integration role")
_client = public("OAuth clients name themselves by their credentials: 401 without them")
_anybody = public("what this server can do, which FHIR wants known to anybody")
_read = _caller(views.ReadView.as_view())
_of_type = "fhir/<str:resource_type>"

urlpatterns = [
    path("fhir/metadata", _anybody(views.MetadataView.as_view()), name="fhir-metadata"),
    path(f"{_of_type}/_search", _caller(views.SearchByPostView.as_view()), name="fhir-search-post"),
    path(f"{_of_type}/<str:identifier>/_history/<str:version>", _read, name="fhir-vread"),
    path(f"{_of_type}/<str:identifier>", _read, name="fhir-read"),
    path(_of_type, _caller(views.SearchView.as_view()), name="fhir-search"),
    re_path(r"^fhir(?:/(?P<path>.*))?$", _caller(views.NowhereView.as_view()), name="fhir-nowhere"),
    path("oauth/token", _client(Token.as_view()), name="oauth-token"),
    path("oauth/revoke", _client(Revoke.as_view()), name="oauth-revoke"),
]
