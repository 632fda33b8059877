"""Addresses of login and logout."""

from django.urls import path

from clinic.access import views

urlpatterns = [
    path("login", views.login, name="login"),
    path("logout", views.logout, name="logout"),
]
