"""Results in, plotly figures out; no statistics here."""

from driftlib.visualization.distribution import feature_distribution
from driftlib.visualization.drift import psi_trend
from driftlib.visualization.effects import effect_sizes
from driftlib.visualization.heatmap import drift_heatmap
from driftlib.visualization.multiples import feature_small_multiples
from driftlib.visualization.style import write_figure_html

__all__ = [
    "drift_heatmap",
    "effect_sizes",
    "feature_distribution",
    "feature_small_multiples",
    "psi_trend",
    "write_figure_html",
]
