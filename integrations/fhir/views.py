"""The door's views: they let in, parse, call one interaction, answer, and record before the answer leaves."""

from dataclasses import replace
from functools import partial

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import resolve, reverse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request

from integrations.fhir.authentication import CallerRate
from integrations.fhir.capability import statement
from integrations.fhir.door import Door, pairs_of
from integrations.fhir.formats import body as body_of
from integrations.fhir.interactions.dispatch import answering, bundle
from integrations.fhir.interactions.history import history
from integrations.fhir.interactions.operate import asked_operation, inputs_of, nowhere
from integrations.fhir.interactions.patch import PATCHES
from integrations.fhir.interactions.search_type import search_type
from integrations.fhir.outcome import FHIR_JSON


class MetadataView(Door):
    """``GET [base]/metadata``, for anybody."""

    authentication_classes = []  # noqa: RUF012

    def get(self, request: Request) -> HttpResponse:
        token_url = request.build_absolute_uri(reverse("oauth-token"))
        return HttpResponse(msgspec.json.encode(statement(self.base, token_url)), content_type=FHIR_JSON)


class InstanceView(Door):
    """``[base]/[type]/[id]``: read, update, patch, delete; and vread of ``/_history/[version]``."""

    activity = "fhir.read"
    http_method_names = ["get", "head", "put", "patch", "delete"]  # noqa: RUF012

    def get(self, request: Request, **_: str) -> HttpResponse:
        return self.reading(answering, self.ask(request))

    def put(self, request: Request, **_: str) -> HttpResponse:
        self.answered.activity = "fhir.update"
        return self.writing(answering, self.ask(request, body=body_of(request)))

    def patch(self, request: Request, **_: str) -> HttpResponse:
        self.answered.activity = "fhir.update"
        return self.writing(answering, self.ask(request, body=body_of(request, *PATCHES)))

    def delete(self, request: Request, **_: str) -> HttpResponse:
        self.answered.activity = "fhir.delete"
        return self.writing(answering, self.ask(request))


class VersionView(Door):
    """``GET [base]/[type]/[id]/_history/[version]``."""

    activity = "fhir.vread"
    http_method_names = ["get", "head"]  # noqa: RUF012

    def get(self, request: Request, **_: str) -> HttpResponse:
        return self.reading(answering, self.ask(request))


class TypeView(Door):
    """``[base]/[type]``: search, create, and update, patch and delete of the one that a query names."""

    activity = "fhir.search"
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]  # noqa: RUF012

    def get(self, request: Request, **_: str) -> HttpResponse:
        return self.reading(answering, self.ask(request))

    def post(self, request: Request, **_: str) -> HttpResponse:
        self.answered.activity = "fhir.create"
        return self.writing(answering, self.ask(request, body=body_of(request)))

    put = InstanceView.put
    patch = InstanceView.patch
    delete = InstanceView.delete


class SearchByPostView(Door):
    """``POST [base]/[type]/_search`` with a form; parameters of the address count too."""

    activity = "fhir.search"
    http_method_names = ["post"]  # noqa: RUF012

    def post(self, request: Request, **_: str) -> HttpResponse:
        query = pairs_of(request.query_params) + pairs_of(request.data)
        return self.reading(search_type, self.ask(request, query=query))


class CompartmentView(Door):
    """``GET [base]/Patient/[id]/[type]``: what of that type is about the patient."""

    activity = "fhir.search"
    http_method_names = ["get", "head"]  # noqa: RUF012
    compartment = "Patient"

    def get(self, request: Request, owner: str, **_: str) -> HttpResponse:
        return self.reading(search_type, replace(self.ask(request), compartment=(self.compartment, owner)))


class HistoryView(Door):
    """``GET [base]/[type]/[id]/_history`` and ``GET [base]/[type]/_history``."""

    activity = "fhir.history"
    http_method_names = ["get", "head"]  # noqa: RUF012

    def get(self, request: Request, **_: str) -> HttpResponse:
        return self.reading(history, self.ask(request))


class BundleView(Door):
    """``POST [base]`` with a batch or transaction."""

    activity = "fhir.batch"
    http_method_names = ["get", "head", "post"]  # noqa: RUF012

    def get(self, request: Request) -> HttpResponse:  # noqa: ARG002
        raise nowhere()

    def post(self, request: Request) -> HttpResponse:
        return self.writing(partial(bundle, count=self.count_entries), self.ask(request, body=body_of(request)))

    def count_entries(self, number: int) -> None:
        """Each entry of a batch but the first, which the request itself stands for, counts as one more request."""
        CallerRate().count(self.request, number - 1)


class OperationView(Door):
    """``$name`` of the whole server, of a type or of a resource; by GET where it changes nothing."""

    activity = "fhir.operation"
    http_method_names = ["get", "head", "post"]  # noqa: RUF012

    def get(self, request: Request, name: str, **_: str) -> HttpResponse:
        return self._operate(request, name, b"")

    def post(self, request: Request, name: str, **_: str) -> HttpResponse:
        return self._operate(request, name, body_of(request) if request._request.body else b"")

    def _operate(self, request: Request, name: str, body: bytes) -> HttpResponse:
        ask = self.ask(request, body=body)
        inputs = inputs_of(ask.query, body)
        operation = asked_operation(name, ask)
        self.answered.activity = f"fhir.operation.{name}"
        # What an operation was given is a question and no data: the quarantine would try it again as a create.
        do = self.starting if operation.affects_state or operation.starts_work else self.reading
        return do(lambda asked: operation.do(asked, inputs), ask)


@csrf_exempt
def slashed(request: HttpRequest, path: str) -> HttpResponseBase:
    """An address with a slash at its end, which some clients write, is the address without."""
    view, args, kwargs = resolve(f"/fhir/{path}")
    response: HttpResponseBase = view(request, *args, **kwargs)
    return response


class NowhereView(Door):
    """Every other address of the door: 401 to strangers, 404 to callers."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]  # noqa: RUF012

    def get(self, request: Request, path: str = "") -> HttpResponse:  # noqa: ARG002
        raise nowhere()

    post = put = patch = delete = get
