"""``manage.py warm``: compile every kernel that the product needs into the cache, so that nobody waits for it later."""

import compileall
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import get_resolver

from clinic.access.deferred import load_all
from twins.forecasts.rehearsal import carry_once, rehearse
from twins.pharmacology import formulary
from twins.pharmacology.covariates import CovariateError


class Command(BaseCommand):
    help = (
        "Compile and cache the kernels: the twins' own models from fit to comparison, and the equations of every "
        "model of the formulary. Run it where NUMBA_CACHE_DIR is what the web process and the workers use."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--everything", action="store_true", help="also the fits of every model of the formulary; takes minutes"
        )

    def handle(self, *, everything: bool, **_: Any) -> None:
        began = time.perf_counter()
        # What a site begins with: an image is built where there is no database. What is chosen later a worker compiles.
        twins = [model_id for ids in settings.TWIN_MODELS.values() for model_id in ids]
        fitted = formulary.model_ids() if everything else tuple(twins)
        for model_id in fitted:
            model = formulary.model(model_id)
            drug = formulary.drug(model.drug)
            self._timed(f"{model_id}, from fit to comparison", lambda m=model, d=drug: rehearse(m, d))
        systems = {id(model.system): model.system for model in map(formulary.model, formulary.model_ids())}
        for system in systems.values():
            self._timed(system.name, lambda s=system: carry_once(s))
        get_resolver().url_patterns  # noqa: B018 - looked up, the table of addresses names every view
        load_all()
        keep_byte_code(tuple(sys.modules.values()))
        self.stdout.write(f"All kernels are in the cache, after {time.perf_counter() - began:.1f} s.")

    def _timed(self, what: str, work: Callable[[], None]) -> None:
        began = time.perf_counter()
        try:
            work()
        except CovariateError as error:
            self.stdout.write(f"  {what}: left out; {error}")
            return
        self.stdout.write(f"  {what}: {time.perf_counter() - began:.1f} s")


def keep_byte_code(modules: Iterable[ModuleType]) -> None:
    """Byte code of modules, those of numba and SciPy that kernels brought in among them.

    Where PYTHONDONTWRITEBYTECODE is set no process keeps any, and each would compile them from their sources again,
    which takes longer than loading the kernels. A folder that cannot be written is left as it is.
    """
    for module in modules:
        source = getattr(getattr(module, "__spec__", None), "origin", None)
        if source and source.endswith(".py"):
            compileall.compile_file(source, quiet=2)
