"""Simulation-based calibration: do posterior intervals hold what they promise, for every model that ships?

``python -m tests.calibration 1000`` repeats it with as many simulated patients of each model and prints the table.
"""
