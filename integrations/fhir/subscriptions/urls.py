from django.urls import path

from clinic.access.deferred import named

views = named("integrations.fhir.subscriptions.views")

urlpatterns = [
    path("subscriptions", views.subscriptions, name="subscriptions"),
    path("subscriptions/retry/<int:pk>", views.retry_letter, name="subscription-retry"),
]
