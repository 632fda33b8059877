"""Compiled kernels, batched over subjects; nothing else.

numba finds a compiled kernel again by the time and size of its own file and does not see that a function which it
calls, in another file, has changed. So what is compiled is kept in a folder named by a digest of all the sources that
kernels are made of: another version of them never meets the kernels of this one.
"""

import hashlib
import os
import sys
from pathlib import Path

_SOURCES = ("solvers", "pharmacology/structures")


def kept_in(base: Path, package: Path) -> Path:
    """The folder below `base` for kernels made of the sources in `package` (the folder of `twins`)."""
    files = sorted(path for name in _SOURCES for path in (package / name).glob("*.py"))
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:12]
    return base if base.name == digest else base / digest


def _base(package: Path) -> Path:
    """Where NUMBA_CACHE_DIR says; else beside the byte code, or in the user's cache where that cannot be written."""
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen)
    if os.access(package, os.W_OK):
        return Path(sys.pycache_prefix or package / "__pycache__") / "kernels"
    return Path.home() / ".cache" / "patient-twin"


_PACKAGE = Path(__file__).resolve().parent.parent
os.environ["NUMBA_CACHE_DIR"] = str(kept_in(_base(_PACKAGE), _PACKAGE))
if "numba" in sys.modules:
    sys.modules["numba"].config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]
