"""Addresses of the worklist and of the patient page."""

from django.urls import path

from clinic.access.deferred import named

patient_view = named("clinic.worklist.patient_view")
record_view = named("clinic.worklist.record_view")
values_view = named("clinic.worklist.values_view")
views = named("clinic.worklist.views")

urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("worklist/rows", views.rows, name="worklist-rows"),
    path("patients/<uuid:subject_key>", patient_view.patient, name="patient"),
    path("patients/<uuid:subject_key>/progress", patient_view.progress, name="patient-progress"),
    path("patients/<uuid:subject_key>/values/<str:series>", values_view.values, name="patient-values"),
    path("patients/<uuid:subject_key>/records/<str:kind>/<int:number>", record_view.record, name="record"),
    path(
        "patients/<uuid:subject_key>/records/<str:kind>/<int:number>/received",
        record_view.record_received,
        name="record-received",
    ),
]
