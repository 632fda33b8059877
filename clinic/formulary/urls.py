from django.urls import path

from clinic.formulary import house_views, views

urlpatterns = [
    path("formulary", views.formulary_page, name="formulary"),
    path("formulary/limits/<str:drug>", house_views.limits, name="house-limits"),
    path("formulary/<str:model_id>", views.model_card, name="formulary-model"),
]
