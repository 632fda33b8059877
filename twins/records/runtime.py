"""Which code, and which processor and libraries, a number was computed by."""

import functools
import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding

RELEASE = "0.3.0"
_PACKAGE = Path(__file__).resolve().parent.parent
_COMPUTING = ("quantities", "solvers", "samples", "pharmacology", "estimation", "forecasts", "cohorts")


@functools.cache
def code_version() -> str:
    """Release and SHA-256 (first 16 digits) of the source that computes: ``0.3.0+3f2a…``.

    Taken from the files and not from version control, so that an installed copy and a changed checkout tell the truth.
    """
    digest = hashlib.sha256()
    for folder in _COMPUTING:
        for path in sorted((_PACKAGE / folder).rglob("*.py")):
            digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{RELEASE}+{digest.hexdigest()[:16]}"


@functools.cache
def _runtime() -> tuple[tuple[str, str], ...]:
    return (
        ("processor", _processor()),
        ("instruction_set", llvmlite.binding.get_host_cpu_name()),
        ("system", f"{platform.system()} {platform.machine()}"),
        ("python", platform.python_version()),
        *((name, version(name)) for name in ("numpy", "scipy", "numba")),
    )


def runtime() -> dict[str, str]:
    """Processor and library versions that the last digit of a number can depend on."""
    return dict(_runtime())


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
