"""Addresses of the comparison page, its note, and the form that asks for other plans."""

from django.urls import path

from clinic.access.deferred import named

ask_views = named("clinic.comparisons.ask_views")
views = named("clinic.comparisons.views")

urlpatterns = [
    path("comparisons/<uuid:comparison_id>", views.comparison, name="comparison"),
    path("comparisons/<uuid:comparison_id>/note", views.note, name="comparison-note"),
    path("comparisons/<uuid:comparison_id>/pdf", views.pdf, name="comparison-pdf"),
    path("patients/<uuid:subject_key>/compare", ask_views.ask, name="comparison-new"),
    path("patients/<uuid:subject_key>/compare/preview", ask_views.preview, name="comparison-preview"),
    path("patients/<uuid:subject_key>/compare/<uuid:job_id>", ask_views.wait, name="comparison-wait"),
]
