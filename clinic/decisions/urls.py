"""Addresses that decisions and questions are sent to."""

from django.urls import path

from clinic.decisions import question_views, views

urlpatterns = [
    path("comparisons/<uuid:comparison_id>/sign", views.sign, name="decision-sign"),
    path("comparisons/<uuid:comparison_id>/decline", views.decline, name="decision-decline"),
    path("patients/<uuid:subject_key>/question", question_views.question, name="question"),
    path("questions/<int:question_id>/withdraw", question_views.question_withdraw, name="question-withdraw"),
]
