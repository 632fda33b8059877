"""Addresses of login, logout, emergency access and the audit trail."""

from django.urls import path

from clinic.access import break_glass_views, trail, trail_export, views

urlpatterns = [
    path("login", views.login, name="login"),
    path("logout", views.logout, name="logout"),
    path("break-glass", break_glass_views.by_number, name="break-glass"),
    path("break-glass/<int:pk>/end", break_glass_views.end, name="break-glass-end"),
    path("break-glass/reviews", break_glass_views.reviews, name="break-glass-reviews"),
    path("break-glass/reviews/<int:pk>", break_glass_views.review, name="break-glass-review"),
    path("patients/<uuid:subject_key>/break-glass", break_glass_views.by_link, name="break-glass-patient"),
    path("audit", trail.trail, name="audit"),
    path("audit/export", trail_export.export, name="audit-export"),
    path("audit/events/<int:sequence>", trail.event, name="audit-event"),
    path("audit/patients/<uuid:subject_key>", trail.history, name="audit-history"),
]
