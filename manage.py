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
    from django.db import OperationalError, ProgrammingError

    try:
        execute_from_command_line(sys.argv)
    except (OperationalError, ProgrammingError) as error:
        # SQLite says the one, PostgreSQL the other, where the database was never set up or is of an earlier version.
        words = str(error)
        if "no such table" not in words and not ("relation" in words and "does not exist" in words):
            raise
        sys.exit(f"The database lacks a table ({words.splitlines()[0]}). Run: python manage.py migrate")


if __name__ == "__main__":
    main()
