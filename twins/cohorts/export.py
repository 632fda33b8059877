"""Write a study's result as files that other programs read, each whole or not there at all."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as arrow
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from twins.cohorts.study import StudySpec
from twins.cohorts.summarise import QUANTILES, GroupExposure
from twins.quantities.unit import of_area, readable

Array = NDArray[np.float64]

PATIENTS, TABLE, TABLE_IN_TEXT, MANIFEST = "patients.parquet", "table.csv", "table.md", "manifest.json"
_MEASURES = ("auc24", "peak", "trough")


def export(
    folder: Path,
    spec: StudySpec,
    names: Sequence[str],
    table: Array,
    rows: Sequence[GroupExposure],
    manifest: Mapping[str, Any],
    *,
    unit: str = "mg/L",
) -> dict[str, str]:
    """Write Parquet, CSV, markdown and, when the others are in place, the manifest; the digest of each file by name.

    Parameters
    ----------
    names, table
        Columns and numbers of ``twins.cohorts.expose``; subject numbers are the row numbers.
    manifest
        What the caller knows of the run; the digests of the files are added under ``files``.
    unit
        UCUM code of the model's first output.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        PATIENTS: _parquet(names, table),
        TABLE: _csv(rows).encode(),
        TABLE_IN_TEXT: _markdown(spec, rows, unit).encode(),
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    whole = {**manifest, "files": digests}
    contents[MANIFEST] = (json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
    for name, content in contents.items():
        write(folder / name, content)
    return digests


def write(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step, so that a reader never sees half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _parquet(names: Sequence[str], table: Array) -> bytes:
    arrays = {"subject": arrow.array(np.arange(table.shape[0], dtype=np.int64))}
    arrays.update({name: arrow.array(np.ascontiguousarray(table[:, k])) for k, name in enumerate(names)})
    sink = io.BytesIO()
    parquet.write_table(arrow.table(arrays), sink, compression="zstd")
    return sink.getvalue()


def _csv(rows: Sequence[GroupExposure]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    measures = _MEASURES if all(row.value is None for row in rows) else (*_MEASURES, "value")
    quantile_names = [f"{measure}_q{quantile * 100:02.0f}" for measure in measures for quantile in QUANTILES]
    writer.writerow(
        [
            "regimen",
            "creatinine_clearance",
            "patients",
            *quantile_names,
            "p_in_target",
            "p_in_target_standard_error",
            "p_above",
            "p_below",
            "p_in_target_first_day",
        ]
    )
    for row in rows:
        quantiles = [repr(value) for measure in measures for value in getattr(row, measure)]
        writer.writerow(
            [
                _text(row.regimen),
                row.group,
                row.patients,
                *quantiles,
                repr(row.p_in_target),
                repr(row.standard_error),
                repr(row.p_above),
                repr(row.p_below),
                repr(row.p_in_target_first),
            ]
        )
    return out.getvalue()


def _text(words: str) -> str:
    """Words that no spreadsheet takes for a formula."""
    return f"'{words}" if words[:1] in ("=", "+", "-", "@", "\t", "\r") else words


def _markdown(spec: StudySpec, rows: Sequence[GroupExposure], unit: str) -> str:
    concentration, area = readable(unit), readable(of_area(unit))
    also = any(row.value is not None for row in rows)
    lines = [
        f"# {spec.title}",
        "",
        f"{spec.patients} virtual patients of {spec.model_id}, each under every regimen; day {spec.days}, "
        f"target {spec.target.name}. Quantiles are 5, 50 and 95 %.",
        "",
        f"| regimen | creatinine clearance | patients | AUC24 {area} | peak {concentration} | trough {concentration} "
        f"|{' ' + _cell(spec.target.name) + ' |' if also else ''} in target | above | below |",
        f"|---|---|---:|---:|---:|---:|{'---:|' if also else ''}---:|---:|---:|",
    ]
    for row in rows:
        auc, peak, trough = (
            f"{q[0]:.{digits}f} – **{q[2]:.{digits}f}** – {q[4]:.{digits}f}"
            for q, digits in ((row.auc24, 0), (row.peak, 1), (row.trough, 1))
        )
        lines.append(
            f"| {_cell(row.regimen)} | {row.group} | {row.patients} | {auc} | {peak} | {trough} "
            f"|{_asked(row) if also else ''} {row.p_in_target:.1%} | {row.p_above:.1%} | {row.p_below:.1%} |"
        )
    return "\n".join(lines) + "\n"


def _asked(row: GroupExposure) -> str:
    low, _, middle, _, high = row.aimed_at
    return f" {low:.3g} – **{middle:.3g}** – {high:.3g} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
