"""Kernels kept on disk: found again by the next process, never served for equations that have changed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from numba import njit

from twins.solvers.specialise import fingerprint

ROOT = Path(__file__).resolve().parents[3]
KERNEL = """
import sys
from numba import njit
from equations import rhs
from twins.solvers.specialise import specialise

def text(x):
    return RHS(x) + 1.0

made = specialise(text, RHS=njit(rhs))
print(made(2.0), sum(made.stats.cache_hits.values()))
"""
EQUATIONS = """
from numba import njit

@njit
def rate(x):
    return {factor} * x

def rhs(x):
    return rate(x)
"""


def test_the_next_process_finds_a_kernel_again_and_a_changed_equation_is_compiled_anew(tmp_path):
    (tmp_path / "kernel.py").write_text(KERNEL)
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def run(factor):
        (tmp_path / "equations.py").write_text(EQUATIONS.format(factor=factor))
        done = subprocess.run(
            [sys.executable, str(tmp_path / "kernel.py")], env=environment, capture_output=True, text=True, check=True
        )
        value, hits = done.stdout.split()
        return float(value), int(hits)

    assert run(3.0) == (7.0, 0)
    assert run(3.0) == (7.0, 1)
    assert run(5.0) == (11.0, 0)


def test_a_fingerprint_sees_constants_arrays_closures_and_what_is_called():
    def made(factor, table):
        @njit
        def inner(x):
            return factor * x

        def outer(x):
            return inner(x) + table[0]

        return outer

    one, same = made(2.0, np.array([1.0])), made(2.0, np.array([1.0]))
    assert fingerprint(one) == fingerprint(same)
    assert fingerprint(one) != fingerprint(made(3.0, np.array([1.0])))
    assert fingerprint(one) != fingerprint(made(2.0, np.array([4.0])))
