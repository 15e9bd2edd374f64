"""Results in, plotly figures out; no statistics here."""

from driftlib.visualization.drift import drift_heatmap

__all__ = ["drift_heatmap"]
