"""The random numbers of a subject are numpy's Philox, whoever is drawn beside it."""

import numpy as np
import pytest
from scipy import stats

from twins.cohorts.streams import normals, raw, uniforms


@pytest.mark.parametrize("seed", [0, 1, 20180212, 2**63 - 1, 2**64 - 1])
def test_the_words_are_those_of_numpy_philox(seed: int):
    subjects = np.array([0, 1, 4711, 199_999])
    words = raw(seed, subjects, 11)
    for row, subject in zip(words, subjects, strict=True):
        key = np.array([seed, subject], dtype=np.uint64)
        np.testing.assert_array_equal(row, np.random.Philox(key=key).random_raw(11))


def test_subjects_do_not_depend_on_their_neighbours():
    together = raw(7, np.arange(100), 6)
    alone = np.vstack([raw(7, np.array([subject]), 6) for subject in range(100)])
    np.testing.assert_array_equal(together, alone)


def test_uniforms_are_strictly_between_nought_and_one():
    ends = np.array([0, 2**64 - 1], dtype=np.uint64)
    low, high = uniforms(ends)
    assert 0 < low < 1e-15
    assert 1 - 1e-15 < high < 1
    assert np.isfinite(normals(ends)).all()


def test_normals_are_normal():
    drawn = normals(raw(3, np.arange(20_000), 2))
    assert stats.kstest(drawn[:, 0], "norm").pvalue > 0.01
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.03
