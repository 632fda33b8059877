"""Addresses of the administrator's pages, and of the link by which a new person sets a password."""

from django.urls import path

from clinic.access.deferred import named

mail_address = named("clinic.administration.mail_address")
people_pages = named("clinic.administration.people_pages")
restriction_pages = named("clinic.administration.restriction_pages")
set_password = named("clinic.administration.set_password")
team_pages = named("clinic.administration.team_pages")

urlpatterns = [
    path("administration/people", people_pages.people, name="people"),
    path("administration/people/new", people_pages.new_person, name="person-new"),
    path("administration/people/<int:pk>", people_pages.person, name="person"),
    path("administration/people/<int:pk>/invite", people_pages.invite, name="person-invite"),
    path("administration/people/<int:pk>/service", people_pages.service, name="person-service"),
    path("administration/people/<int:pk>/address", mail_address.mail_address, name="person-address"),
    path("administration/teams", team_pages.teams, name="teams"),
    path("administration/teams/<int:pk>", team_pages.team, name="team"),
    path("administration/teams/<int:pk>/patients", team_pages.patients, name="team-patients"),
    path("administration/restrictions", restriction_pages.restrictions, name="restrictions"),
    path("administration/restrictions/<int:pk>/lift", restriction_pages.lift, name="restriction-lift"),
    path("set-password/<str:uidb64>/<str:token>", set_password.set_password, name="set-password"),
]
