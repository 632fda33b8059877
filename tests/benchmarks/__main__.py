"""``make bench``: tables of speed, each beside a peer in the same run. Nothing here fails by the clock."""

import sys
from collections.abc import Callable

from tests.benchmarks import audit, cds_hooks, closed_forms, engine, fitting, forecasts, nonlinear, validation

TABLES: tuple[tuple[str, Callable[[], list[tuple[str, str, str]]]], ...] = (
    ("Closed forms, one thread, warm", closed_forms.table),
    ("One patient, one thread, warm", engine.table),
    ("One patient's forecasts, one thread, warm", forecasts.table),
    ("Equations that are not linear", nonlinear.table),
    ("Fits of many patients", fitting.table),
    ("The audit chain", audit.table),
    ("A resource at the FHIR door, one thread", validation.table),
    ("CDS Hooks, one client, SQLite", cds_hooks.table),
)


def main() -> int:
    for title, make in TABLES:
        sys.stdout.write(f"\n{title}\n\n")
        rows = [("work", "ours", "peer in the same run"), *make()]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for place, row in enumerate(rows):
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            sys.stdout.write("| " + " | ".join(cells) + " |\n")
            if place == 0:
                sys.stdout.write("|" + "|".join("-" * (width + 2) for width in widths) + "|\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
