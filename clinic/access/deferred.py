"""Views and listeners by name: the module of one is imported when it is first asked, at the latest by a request.

Most commands ask nothing of any page, and what pages and listeners need (the compiler of the kernels, the classes of
FHIR) takes seconds to import. ``urls.py`` and ``apps.py`` therefore name what they mean:
``views = named("clinic.research.views")``, then ``views.studies``. A web server and a worker load all of it before
anybody waits for it (`load_all`).
"""

import functools
import importlib
import threading
from collections.abc import Callable
from typing import Any

_named: list["Deferred"] = []
_loading = threading.RLock()
"""Modules that import each other must not be imported by two threads from two ends."""


class Deferred:
    """A function that is known by the way to get it; called, it is that function."""

    def __init__(self, way: Callable[[], Any]) -> None:
        self._way = way
        self._found: Any = None
        _named.append(self)

    def find(self) -> Any:
        """The function itself, imported now if it was not before."""
        if self._found is None:
            with _loading:
                self._found = self._found or self._way()
                functools.update_wrapper(self, self._found, updated=())
        return self._found

    def then(self, do: Callable[[Any], Any]) -> "Deferred":
        """What `do` makes of it, once it is found."""
        return Deferred(lambda: do(self.find()))

    def as_view(self, **options: Any) -> "Deferred":
        """Of a class of views: a view."""
        return self.then(lambda found: found.as_view(**options))

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.find()(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and self._found is None:  # Django and Python look for these at whatever can be called
            raise AttributeError(name)
        return getattr(self.find(), name)


class _Module:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Deferred:
        deferred = Deferred(lambda: getattr(importlib.import_module(self._name), name))
        setattr(self, name, deferred)  # each is one, however often it is asked for
        return deferred


def named(module: str) -> Any:
    """The module of that name, whose functions are deferred."""
    return _Module(module)


def load_all() -> int:
    """Import everything that is deferred; how many."""
    for deferred in list(_named):
        deferred.find()
    return len(_named)
