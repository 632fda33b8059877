from django.urls import path

from clinic.access.deferred import named

notify = named("integrations.ehr.notify")
sources_page = named("integrations.ehr.sources_page")
views = named("integrations.ehr.views")

urlpatterns = [
    path("comparisons/<uuid:comparison_id>/to-chart", views.to_chart, name="decision-to-chart"),
    path("administration/sources", sources_page.sources, name="sources"),
    path("fhir-notify/<uuid:subscription_id>", notify.notify, name="fhir-notify"),
]
