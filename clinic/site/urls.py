"""Every URL of the product."""

from django.urls import include, path

from clinic.access.deferred import named

health = named("clinic.site.health")
help_page = named("clinic.site.help_page")
language = named("clinic.site.language")

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("help", help_page.help_page, name="help"),
    path("language", language.choose, name="language"),
    path("", include("clinic.access.urls")),
    path("", include("clinic.worklist.urls")),
    path("", include("clinic.comparisons.urls")),
    path("", include("clinic.decisions.urls")),
    path("", include("clinic.research.urls")),
    path("", include("clinic.formulary.urls")),
    path("", include("clinic.administration.urls")),
    path("", include("integrations.readings.urls")),
    path("", include("integrations.fhir.subscriptions.urls")),
    path("", include("integrations.openapi.urls")),
    path("", include("integrations.smart.urls")),  # before the door, which answers every other address below /fhir
    path("", include("integrations.ehr.urls")),
    path("", include("integrations.fhir.bulk.urls")),
    path("", include("integrations.fhir.urls")),
    path("", include("integrations.cds_hooks.urls")),
]
