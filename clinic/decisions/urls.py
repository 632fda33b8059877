"""Addresses that a decision is sent to."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
