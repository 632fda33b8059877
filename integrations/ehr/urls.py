from django.urls import path

from integrations.ehr import views

urlpatterns = [
    path("comparisons/<uuid:comparison_id>/to-chart", views.to_chart, name="decision-to-chart"),
]
