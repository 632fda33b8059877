"""Addresses of the comparison page, its note, and the form that asks for other plans."""

from django.urls import path

from clinic.comparisons import views

urlpatterns = [
    path("comparisons/<uuid:comparison_id>", views.comparison, name="comparison"),
]
