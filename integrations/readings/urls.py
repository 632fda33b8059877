from django.urls import path

from integrations.readings import views

urlpatterns = [
    path("quarantine", views.quarantine, name="quarantine"),
    path("quarantine/retry", views.quarantine_retry, name="quarantine-retry"),
    path("quarantine/<int:pk>", views.quarantine_entry, name="quarantine-entry"),
]
