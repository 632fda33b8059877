"""Bulk Data Access 2.0: many resources as files, https://hl7.org/fhir/uv/bulkdata/STU2/export.html."""
