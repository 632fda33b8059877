"""The FHIR R4 door."""
