from django.urls import path

from clinic.formulary import views

urlpatterns = [
    path("formulary", views.formulary_page, name="formulary"),
    path("formulary/<str:model_id>", views.model_card, name="formulary-model"),
]
