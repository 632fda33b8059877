"""The operations of the FHIR door: one a file, its definition beside its handler."""
