"""What FHIR R4 (4.0.1) says of each type, one table a file; ``../table.py`` reads them.

``name minimum..maximum types`` a line; ``component.code`` lies inside ``component``; ``value[x]`` is one of its types;
``code<set>`` has a required binding; ``Reference(A|B)`` may point there only; ``=x`` has the content of ``x``; ``*`` is
any data type. A line that is indented deeper goes on with the one before.

They were compared, element by element, with the R4 (4.0.1) classes of fhir.resources 6.4.0. Its R4B (4.3.0) classes
differ for these types in little: there Observation.subject may also be a Procedure, Medication, Practitioner,
Organization or Substance, Group.member.entity a RelatedPerson, and a value of an extension a CodeableReference or
RatioRange. R4 has none of them, so they are refused.
"""
