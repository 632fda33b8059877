from django.urls import path

from clinic.access.deferred import named

views = named("integrations.readings.views")

urlpatterns = [
    path("quarantine", views.quarantine, name="quarantine"),
    path("quarantine/retry", views.quarantine_retry, name="quarantine-retry"),
    path("quarantine/<int:pk>", views.quarantine_entry, name="quarantine-entry"),
]
