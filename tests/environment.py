"""Loaded before Django's settings: tests keep their files in a folder of their own and never in ``var/``."""

import os
import tempfile

if "VAR_DIR" not in os.environ:
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="patient-twin-tests-")
os.environ.pop("CELERY_BROKER_URL", None)
