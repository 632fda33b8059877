"""A simulated ward that serves FHIR R4 over HTTP."""
