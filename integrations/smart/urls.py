"""Addresses of SMART: what is offered, allowing an app, launches, and the pages where clients are registered."""

from django.urls import path

from clinic.access.deferred import named
from clinic.access.gate import bearer, public

allowed = named("integrations.smart.allowed")
authorize = named("integrations.smart.authorize")
introspect = named("integrations.smart.introspect")
launch = named("integrations.smart.launch")
practitioner = named("integrations.smart.practitioner")
registration_views = named("integrations.smart.registration_views")
started = named("integrations.smart.started")
well_known = named("integrations.smart.well_known")

_anybody = public("what this server offers to apps, which SMART and OpenID Connect want known to anybody")
_client = public("OAuth clients name themselves by their credentials: 401 without them")
_app = bearer("for apps: 401 without a bearer token")
_system = bearer("for hospital systems: 401 without a bearer token of the integration role")

urlpatterns = [
    path(
        "fhir/.well-known/smart-configuration",
        _anybody(well_known.smart_configuration),
        name="smart-configuration",
    ),
    path("fhir/Practitioner/user-<int:number>", _app(practitioner.practitioner), name="smart-practitioner"),
    path(".well-known/openid-configuration", _anybody(well_known.openid_configuration), name="openid-configuration"),
    path("oauth/jwks", _anybody(well_known.jwks), name="oauth-jwks"),
    path("oauth/authorize", authorize.authorize, name="oauth-authorize"),
    path("oauth/introspect", _client(introspect.Introspect.as_view()), name="oauth-introspect"),
    path("oauth/launch", _system(launch.launch), name="oauth-launch"),
    path("launch", started.start, name="launch"),
    path("launch/callback", started.finish, name="launch-callback"),
    path("apps", allowed.apps, name="apps"),
    path("apps/<int:pk>/withdraw", allowed.take_back, name="app-withdraw"),
    path("clients", registration_views.clients, name="clients"),
    path("clients/new", registration_views.new_client, name="client-new"),
    path("clients/<int:pk>", registration_views.client, name="client"),
    path("clients/<int:pk>/secret", registration_views.rotate, name="client-rotate"),
    path("clients/<int:pk>/disable", registration_views.switch_off, name="client-disable"),
]
