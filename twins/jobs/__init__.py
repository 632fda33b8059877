"""Celery tasks: each loads a job by its id, calls a pure function, stores; the job's row is the truth."""
