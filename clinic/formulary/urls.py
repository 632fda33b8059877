from django.urls import path

from clinic.access.deferred import named

follow_views = named("clinic.formulary.follow_views")
house_views = named("clinic.formulary.house_views")
views = named("clinic.formulary.views")

urlpatterns = [
    path("formulary", views.formulary_page, name="formulary"),
    path("formulary/followed", follow_views.followed_page, name="followed"),
    path("formulary/followed/<str:drug>", follow_views.followed_drug, name="followed-drug"),
    path("formulary/limits/<str:drug>", house_views.limits, name="house-limits"),
    path("formulary/<str:model_id>", views.model_card, name="formulary-model"),
]
