"""Random streams that depend on nothing but the seed and a name, so that adding one patient moves no other."""

import hashlib

import numpy as np


def stream(seed: int, *names: str) -> np.random.Generator:
    """A Philox stream keyed by SHA-256 of the seed and the names."""
    digest = hashlib.sha256("/".join((str(seed), *names)).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "big")))


def chance(seed: int, *names: str) -> float:
    """One number in [0, 1) that depends on the seed and the names alone; cheaper than a stream."""
    digest = hashlib.sha256("/".join((str(seed), *names)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
