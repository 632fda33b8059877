from django.urls import path

from integrations.ehr import notify, views

urlpatterns = [
    path("comparisons/<uuid:comparison_id>/to-chart", views.to_chart, name="decision-to-chart"),
    path("fhir-notify/<uuid:subscription_id>", notify.notify, name="fhir-notify"),
]
