"""Model Drift Monitor: has a deployed model degraded, is it the data or the concept, how sure."""

from driftlib.errors import DriftlibError

__all__ = ["DriftlibError"]
__version__ = "0.1.0"
