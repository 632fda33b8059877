"""Addresses that decisions and questions are sent to."""

from django.urls import path

from clinic.access.deferred import named

anew_view = named("clinic.decisions.anew_view")
question_views = named("clinic.decisions.question_views")
views = named("clinic.decisions.views")

urlpatterns = [
    path("comparisons/<uuid:comparison_id>/sign", views.sign, name="decision-sign"),
    path("comparisons/<uuid:comparison_id>/decline", views.decline, name="decision-decline"),
    path("comparisons/<uuid:comparison_id>/amend", views.amend, name="decision-amend"),
    path("decisions/<uuid:decision_id>/second", views.second, name="decision-second"),
    path("decisions/<uuid:decision_id>/second/refuse", views.second_refuse, name="decision-second-refuse"),
    path("decisions/<uuid:decision_id>/anew", anew_view.anew, name="decision-anew"),
    path("patients/<uuid:subject_key>/question", question_views.question, name="question"),
    path("questions/<int:question_id>/withdraw", question_views.question_withdraw, name="question-withdraw"),
]
