from django.urls import path

from clinic.access.deferred import named

notify = named("integrations.ehr.notify")
set_source_pages = named("integrations.ehr.set_source_pages")
sources_page = named("integrations.ehr.sources_page")
views = named("integrations.ehr.views")

urlpatterns = [
    path("comparisons/<uuid:comparison_id>/to-chart", views.to_chart, name="decision-to-chart"),
    path("administration/sources", sources_page.sources, name="sources"),
    path("administration/sources/new", set_source_pages.new_source, name="source-new"),
    path("administration/sources/<slug:slug>", set_source_pages.source, name="source"),
    path("administration/sources/<slug:slug>/switch", set_source_pages.switch_source, name="source-switch"),
    path("fhir-notify/<uuid:subscription_id>", notify.notify, name="fhir-notify"),
]
