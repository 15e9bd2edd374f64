"""Statistics on plain numbers: counts, distances, tests, intervals, calibration."""
