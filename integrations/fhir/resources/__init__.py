"""The resource types of the FHIR door, one a file; `integrations.fhir.registry` lists them."""
