"""What FHIR R4 (4.0.1) says of each type, one table a file; ``../table.py`` reads them.

``name minimum..maximum types`` a line; ``component.code`` lies inside ``component``; ``value[x]`` is one of its types;
``code<set>`` has a required binding; ``Reference(A|B)`` may point there only; ``=x`` has the content of ``x``; ``*`` is
any data type. A line that is indented deeper goes on with the one before.
"""
