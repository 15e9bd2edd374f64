"""Track and estimate performance: metrics, limits, windows."""
