"""Addresses of the worklist and of the patient page."""

from django.urls import path

from clinic.worklist import patient_view, views

urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("worklist/rows", views.rows, name="worklist-rows"),
    path("patients/<uuid:subject_key>", patient_view.patient, name="patient"),
    path("patients/<uuid:subject_key>/progress", patient_view.progress, name="patient-progress"),
]
