"""Draw results as plotly figures; no statistics here."""

from driftlib.visualization.advice import action_gains
from driftlib.visualization.audit import power_curves, smallest_faults
from driftlib.visualization.base_rates import outcome_rates_trend
from driftlib.visualization.baseline import missing_values, reference_distributions
from driftlib.visualization.confusion import confusion_matrix
from driftlib.visualization.curves import (
    precision_recall_curves,
    reliability_curve,
    roc_curves,
)
from driftlib.visualization.diagnosis import (
    diagnosis_over_windows,
    feature_attribution,
    segment_effects,
)
from driftlib.visualization.distribution import feature_distribution
from driftlib.visualization.drift import psi_trend
from driftlib.visualization.effects import effect_sizes
from driftlib.visualization.estimates import realised_against_estimated
from driftlib.visualization.heatmap import drift_heatmap
from driftlib.visualization.multiples import feature_small_multiples
from driftlib.visualization.performance import metric_trend
from driftlib.visualization.prediction_errors import error_bands, predicted_against_actual
from driftlib.visualization.segments import segment_bars
from driftlib.visualization.sparkline import sparkline
from driftlib.visualization.style import write_figure_html
from driftlib.visualization.waterfall import loss_waterfall

__all__ = [
    "action_gains",
    "confusion_matrix",
    "diagnosis_over_windows",
    "drift_heatmap",
    "effect_sizes",
    "error_bands",
    "feature_attribution",
    "feature_distribution",
    "feature_small_multiples",
    "loss_waterfall",
    "metric_trend",
    "missing_values",
    "outcome_rates_trend",
    "power_curves",
    "precision_recall_curves",
    "predicted_against_actual",
    "psi_trend",
    "realised_against_estimated",
    "reference_distributions",
    "reliability_curve",
    "roc_curves",
    "segment_bars",
    "segment_effects",
    "smallest_faults",
    "sparkline",
    "write_figure_html",
]
