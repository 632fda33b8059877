"""Addresses of the CDS services and of the page about their feedback."""

from django.urls import path

from clinic.access.deferred import named
from clinic.access.gate import bearer, public

feedback_page = named("integrations.cds_hooks.feedback_page")
views = named("integrations.cds_hooks.views")

_anybody = public("which services there are, which a client reads before it can sign a token for one")
_client = bearer("for CDS clients of the allow-list: 401 without a token signed for the address")

urlpatterns = [
    path("cds-services", _anybody(views.DiscoveryView.as_view()), name="cds-discovery"),
    path("cds-services/<str:service_id>", _client(views.ServiceView.as_view()), name="cds-service"),
    path("cds-services/<str:service_id>/feedback", _client(views.FeedbackView.as_view()), name="cds-feedback-post"),
    path("cds-feedback", feedback_page.feedback, name="cds-feedback"),
]
