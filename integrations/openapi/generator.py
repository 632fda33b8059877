"""The document: drf-spectacular lays it out and sorts it; what is described comes from what is registered."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations.openapi.door import door
from integrations.openapi.oauth import oauth
from integrations.openapi.others import others
from integrations.openapi.said import COMPONENTS, Described

TITLE = "Patient Twin"
VERSION = "1"
_ABOUT = (
    "The addresses that other systems use. Resources are those of FHIR R4 (4.0.1); "
    "/fhir/metadata says the same in FHIR's own words."
)


def described() -> Described:
    """All that is described, by path and method."""
    return door() | oauth() | others()


class _Schema(AutoSchema):
    """Says of an address what is described of it."""

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> Any:
        del path_regex, path_prefix, registry
        found: Described = self.view.found
        return found[path, method.lower()]


class _Address(APIView):
    schema = _Schema()
    found: Described = {}  # noqa: RUF012 - given for each document
    permission_classes = ()

    def get(self, request: Request) -> Response:
        """Never asked: the views of the table of URLs answer, and this stands for them in the document."""
        raise MethodNotAllowed(request.method or "")

    post = put = patch = delete = get


class _Endpoints:
    """What is described, in place of what a table of URLs would tell: one address of the door is many of FHIR's."""

    def __init__(self, *_tables: Any) -> None:
        self._found = described()

    def get_api_endpoints(self) -> list[tuple[str, str, str, Callable[..., Any]]]:
        callback = _Address.as_view(found=self._found)
        return [(path, path, method.upper(), callback) for path, method in sorted(self._found)]


class _Generator(SchemaGenerator):
    endpoint_inspector_cls = _Endpoints


def document(server: str) -> dict[str, Any]:
    """OpenAPI 3.0 of the server at that address."""
    made: dict[str, Any] = _Generator(title=TITLE, description=_ABOUT, version=VERSION).get_schema(public=True)
    made["info"] = {"title": TITLE, "version": VERSION, "description": _ABOUT}
    made["servers"] = [{"url": server.rstrip("/")}]
    made["components"] = COMPONENTS
    return made
