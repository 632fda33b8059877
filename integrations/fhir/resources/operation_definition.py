"""OperationDefinition: what the operations of this server take and give, made from what is registered."""

from typing import Any

from integrations.fhir.resources.declare import date, defined, string, token, uri
from integrations.fhir.resources.fixed import Fixed


class OperationDefinitionType(Fixed):
    """One for each operation; its id is the operation's name."""

    name = "OperationDefinition"
    parameters = tuple(
        defined("OperationDefinition", parameter)
        for parameter in (
            uri("url", "Its canonical address"),
            string("name", "The start of its name"),
            string("title", "The start of its title"),
            token("code", "The operation's name in addresses"),
            token("kind", "Operation or query"),
            token("status", "The status"),
            token("system", "Whether it is asked of the whole server"),
            token("type", "Whether it is asked of a type"),
            token("instance", "Whether it is asked of a resource"),
            token("version", "Its version"),
            date("date", "When it was published", "date"),
        )
    )

    def contents(self) -> dict[str, dict[str, Any]]:
        from integrations.fhir.registry import OPERATIONS  # the registry lists this type

        return {
            name: {"date": self.made, **_without_type(operation.resource())} for name, operation in OPERATIONS.items()
        }


def _without_type(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "resourceType"}


OPERATION_DEFINITION = OperationDefinitionType()
