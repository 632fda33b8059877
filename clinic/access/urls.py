"""Addresses of login, logout and the audit trail."""

from django.urls import path

from clinic.access import trail, views

urlpatterns = [
    path("login", views.login, name="login"),
    path("logout", views.logout, name="logout"),
    path("audit", trail.trail, name="audit"),
]
