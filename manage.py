#!/usr/bin/env python3
"""Every command of the product: ``manage.py help`` lists them."""

import os
import sys
from pathlib import Path


def main() -> None:
    root = Path(__file__).resolve().parent
    # Byte code and compiled kernels go below var/ too, so that running the product changes nothing else.
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(root / "var" / "pycache"))
    os.environ.setdefault("NUMBA_CACHE_DIR", str(root / "var" / "numba"))
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.site.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
