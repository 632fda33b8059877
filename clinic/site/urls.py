"""Every URL of the product."""

from django.urls import include, path

urlpatterns = [
    path("", include("clinic.access.urls")),
    path("", include("clinic.worklist.urls")),
    path("", include("clinic.comparisons.urls")),
    path("", include("clinic.decisions.urls")),
]
