"""Compiled kernels, batched over subjects; nothing else."""
