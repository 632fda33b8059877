from django.urls import path

from integrations.ehr import notify, sources_page, views

urlpatterns = [
    path("comparisons/<uuid:comparison_id>/to-chart", views.to_chart, name="decision-to-chart"),
    path("administration/sources", sources_page.sources, name="sources"),
    path("fhir-notify/<uuid:subscription_id>", notify.notify, name="fhir-notify"),
]
