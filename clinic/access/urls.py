"""Addresses of login, logout and the audit trail."""

from django.urls import path

from clinic.access import trail, trail_export, views

urlpatterns = [
    path("login", views.login, name="login"),
    path("logout", views.logout, name="logout"),
    path("audit", trail.trail, name="audit"),
    path("audit/export", trail_export.export, name="audit-export"),
    path("audit/events/<int:sequence>", trail.event, name="audit-event"),
    path("audit/patients/<uuid:subject_key>", trail.history, name="audit-history"),
]
