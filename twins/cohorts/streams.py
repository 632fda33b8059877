"""Random numbers by name: the numbers of subject 4711 of a study are the same whoever draws them, and beside whom.

Philox4x64-10, a counter-based generator: there is no state to carry from subject to subject, so any chunk of a study
can be drawn by any worker. Vectorised over subjects; the words are those of
``numpy.random.Philox(key=[seed, subject]).random_raw()``.

References
----------
Salmon JK, Moraes MA, Dror RO, Shaw DE. Parallel random numbers: as easy as 1, 2, 3. SC'11, doi 10.1145/2063384.2063405.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Words = NDArray[np.uint64]
Array = NDArray[np.float64]

_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def raw(seed: int, subjects: NDArray[np.int64], count: int) -> Words:
    """The first `count` 64-bit words of each subject's stream, shape (len(subjects), count).

    Parameters
    ----------
    seed
        The study's, 0 to 2⁶⁴ - 1.
    subjects
        Subject numbers, 0 or more.
    """
    blocks = -(-count // 4)
    key_low = np.full(subjects.size, seed, dtype=np.uint64)
    key_high = subjects.astype(np.uint64)
    words = [
        word for block in range(blocks) for word in _block(np.full_like(key_low, block + 1), key_low.copy(), key_high)
    ]
    return np.column_stack(words)[:, :count] if words else np.empty((subjects.size, 0), dtype=np.uint64)


def uniforms(words: Words) -> Array:
    """Numbers strictly between 0 and 1, the middle of one of 2⁵³ equal steps (the upper 53 bits of each word)."""
    # In the topmost step the middle is not a float64 and would round up to 1, where a quantile is infinite.
    middles = ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return np.asarray(np.minimum(middles, np.nextafter(1.0, 0.0)))


def normals(words: Words) -> Array:
    """Standard normal numbers by inversion: one word, one number."""
    return np.asarray(ndtri(uniforms(words)))


def _block(counter: Words, key_low: Words, key_high: Words) -> tuple[Words, Words, Words, Words]:
    zero = np.zeros_like(counter)
    a, b, c, d = counter, zero, zero, zero
    for number in range(_ROUNDS):
        if number:
            key_low = key_low + np.uint64(_WEYL[0])
            key_high = key_high + np.uint64(_WEYL[1])
        high_a, low_a = _multiply(_MULTIPLIERS[0], a)
        high_c, low_c = _multiply(_MULTIPLIERS[1], c)
        a, b, c, d = high_c ^ b ^ key_low, low_c, high_a ^ d ^ key_high, low_a
    return a, b, c, d


def _multiply(factor: int, words: Words) -> tuple[Words, Words]:
    """Upper and lower half of the 128-bit products, from four 32-bit ones."""
    f_low, f_high = np.uint64(factor & 0xFFFFFFFF), np.uint64(factor >> 32)
    w_low, w_high = words & _LOW, words >> _HALF
    low = f_low * w_low
    middle = f_high * w_low + (low >> _HALF)
    cross = f_low * w_high + (middle & _LOW)
    high = f_high * w_high + (middle >> _HALF) + (cross >> _HALF)
    return high, (cross << _HALF) | (low & _LOW)
