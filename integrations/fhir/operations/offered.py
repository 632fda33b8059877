"""All operations of this server: each enters itself into the registry as it is imported."""

from integrations.fhir.operations import everything, forecast, lastn, twin_state, validate, what_if

__all__ = ["everything", "forecast", "lastn", "twin_state", "validate", "what_if"]
