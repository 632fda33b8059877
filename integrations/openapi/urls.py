"""The address of the description."""

from django.urls import path

from clinic.access.gate import bearer
from integrations.openapi import views

_reader = bearer("for hospital systems and administrators: 401 without a token of the integration role or a session")

urlpatterns = [path("openapi.json", _reader(views.openapi), name="openapi")]
