"""Compute statistics of plain numbers: counts, distances, tests, intervals, calibration."""
