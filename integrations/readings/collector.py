"""Let the garbage collector wait while many objects are made that all stay until the end.

Each of its rounds looks at everything that the process holds, the classes of FHIR among it, and finds nothing: a third
of the time that device readings took was spent so. What no cycle holds is freed at once, as ever.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_USUAL = gc.get_threshold()
_PATIENT = (100_000, 50, 100)
"""Objects made before the young ones are looked at, and rounds before the older ones are."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Inside, it comes seldom; threads that share the process meet at worst with its usual rounds again."""
    gc.set_threshold(*_PATIENT)
    try:
        yield
    finally:
        gc.set_threshold(*_USUAL)
