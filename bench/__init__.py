"""Benchmarks: error rates, power and speed, measured again by anyone with `make bench`."""
