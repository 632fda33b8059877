"""Addresses of login, logout, a person's own account, emergency access and the audit trail."""

from django.urls import path

from clinic.access.deferred import named

account_pages = named("clinic.access.account_pages")
break_glass_views = named("clinic.access.break_glass_views")
factor_pages = named("clinic.access.factor_pages")
forgotten = named("clinic.access.forgotten")
key_again = named("clinic.access.key_again")
second_factor = named("clinic.access.second_factor")
session_pages = named("clinic.access.session_pages")
single_sign_on = named("clinic.access.single_sign_on")
trail = named("clinic.access.trail")
trail_export = named("clinic.access.trail_export")
views = named("clinic.access.views")

urlpatterns = [
    path("login", views.login, name="login"),
    path("logout", views.logout, name="logout"),
    path("login/second-factor", second_factor.second_factor, name="second-factor"),
    path("login/hospital", single_sign_on.start, name="single-sign-on"),
    path("login/hospital/return", single_sign_on.finish, name="single-sign-on-return"),
    path("login/forgotten", forgotten.forgotten, name="forgotten-password"),
    path("session", session_pages.session_left, name="session-left"),
    path("session/stay", session_pages.session_stay, name="session-stay"),
    path("account", account_pages.account, name="account"),
    path("account/password", account_pages.password, name="account-password"),
    path("account/app", factor_pages.add_app, name="account-app"),
    path("account/key", factor_pages.add_key, name="account-key"),
    path("account/key/challenge", key_again.challenge, name="account-key-challenge"),
    path("account/factors/<int:number>/remove", factor_pages.remove, name="account-factor-remove"),
    path("account/recovery-codes", factor_pages.renew_codes, name="account-codes"),
    path("account/sessions/<int:number>/end", account_pages.end_session, name="account-session-end"),
    path("account/sessions/end-others", account_pages.end_other_sessions, name="account-sessions-end"),
    path("break-glass", break_glass_views.by_number, name="break-glass"),
    path("break-glass/<int:pk>/end", break_glass_views.end, name="break-glass-end"),
    path("break-glass/reviews", break_glass_views.reviews, name="break-glass-reviews"),
    path("break-glass/reviews/<int:pk>", break_glass_views.review, name="break-glass-review"),
    path("patients/<uuid:subject_key>/break-glass", break_glass_views.by_link, name="break-glass-patient"),
    path("audit", trail.trail, name="audit"),
    path("audit/export", trail_export.export, name="audit-export"),
    path("audit/patients", trail.find, name="audit-find"),
    path("audit/events/<int:sequence>", trail.event, name="audit-event"),
    path("audit/patients/<uuid:subject_key>", trail.history, name="audit-history"),
]
