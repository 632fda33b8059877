from django.urls import path

from integrations.fhir.subscriptions import views

urlpatterns = [
    path("subscriptions", views.subscriptions, name="subscriptions"),
    path("subscriptions/retry/<int:pk>", views.retry_letter, name="subscription-retry"),
]
