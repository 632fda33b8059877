"""Compiled kernels are kept apart by the version of what they are made of."""

import os
import subprocess
import sys
from pathlib import Path

import twins.solvers
from twins.solvers import kept_in


def package(root: Path, text: str) -> Path:
    for name in ("solvers", "pharmacology/structures"):
        (root / name).mkdir(parents=True)
        (root / name / "kernel.py").write_text(text)
    return root


def test_a_changed_source_has_a_folder_of_its_own(tmp_path: Path) -> None:
    one, same, other = (
        package(tmp_path / name, text) for name, text in (("a", "x = 1"), ("b", "x = 1"), ("c", "x = 2"))
    )
    base = tmp_path / "cache"
    assert kept_in(base, one) == kept_in(base, same)
    assert kept_in(base, one) != kept_in(base, other)
    assert kept_in(base, one).parent == base


def test_a_process_started_by_another_keeps_its_folder(tmp_path: Path) -> None:
    folder = kept_in(tmp_path, Path(twins.solvers.__file__).parent.parent)
    assert kept_in(folder, Path(twins.solvers.__file__).parent.parent) == folder


def test_numba_uses_the_folder_even_where_it_was_imported_first(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import numba, twins.solvers; print(numba.config.CACHE_DIR)"],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(said.stdout.strip()).parent == tmp_path
