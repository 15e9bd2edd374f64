"""Try the monitor on synthetic data: what it finds when two dials are turned."""
