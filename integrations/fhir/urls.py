"""Addresses of the FHIR door and of its tokens."""

from typing import Any

from django.urls import path, re_path

from clinic.access.deferred import named
from clinic.access.gate import bearer, public

pending = named("integrations.fhir.pending")
tokens = named("integrations.fhir.tokens")
views = named("integrations.fhir.views")

_caller = bearer("for hospital systems: 401 without a bearer token of the integration role")
_client = public("OAuth clients name themselves by their credentials: 401 without them")
_anybody = public("what this server can do, which FHIR wants known to anybody")
_of_type = "fhir/<str:resource_type>"


def _at(address: str, view: Any, name: str) -> Any:
    return path(address, _caller(view.as_view()), name=name)


urlpatterns = [
    path("fhir/metadata", _anybody(views.MetadataView.as_view()), name="fhir-metadata"),
    _at("fhir/$what-if-status/<uuid:job>", pending.PendingView, "fhir-what-if-status"),
    _at("fhir/$<slug:name>", views.OperationView, "fhir-operation"),
    _at(f"{_of_type}/$<slug:name>", views.OperationView, "fhir-operation-type"),
    _at(f"{_of_type}/<str:identifier>/$<slug:name>", views.OperationView, "fhir-operation-instance"),
    _at(f"{_of_type}/_search", views.SearchByPostView, "fhir-search-post"),
    _at(f"{_of_type}/_history", views.HistoryView, "fhir-history-type"),
    _at(f"{_of_type}/<str:identifier>/_history/<str:version>", views.VersionView, "fhir-vread"),
    _at(f"{_of_type}/<str:identifier>/_history", views.HistoryView, "fhir-history"),
    _at("fhir/Patient/<str:owner>/<str:resource_type>", views.CompartmentView, "fhir-compartment"),
    _at(f"{_of_type}/<str:identifier>", views.InstanceView, "fhir-instance"),
    _at(_of_type, views.TypeView, "fhir-type"),
    re_path(r"^fhir/?$", _caller(views.BundleView.as_view()), name="fhir-bundle"),
    re_path(r"^fhir/(?P<path>.*[^/])/+$", _caller(views.slashed), name="fhir-slashed"),
    re_path(r"^fhir/(?P<path>.*)$", _caller(views.NowhereView.as_view()), name="fhir-nowhere"),
    path("oauth/token", _client(tokens.Token.as_view()), name="oauth-token"),
    path("oauth/revoke", _client(tokens.Revoke.as_view()), name="oauth-revoke"),
]
