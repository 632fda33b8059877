from django.urls import path

from clinic.access.deferred import named

views = named("clinic.research.views")

urlpatterns = [
    path("studies", views.studies, name="studies"),
    path("studies/new", views.new_study, name="study-new"),
    path("studies/<uuid:job_id>", views.study, name="study"),
    path("studies/<uuid:job_id>/cancel", views.cancel_study, name="study-cancel"),
    path("studies/<uuid:job_id>/resume", views.resume_study, name="study-resume"),
    path("studies/<uuid:job_id>/files/<str:name>", views.study_file, name="study-file"),
]
