"""Name what can be done about a model, in the order of what it costs to do."""

from __future__ import annotations

from dataclasses import dataclass

KEEP, OFFSET, THRESHOLD, RECALIBRATE, RETRAIN = (
    "keep", "offset", "threshold", "recalibrate", "retrain",
)  # fmt: skip
WAIT, MEND = "wait", "mend the feed"

# Which rows an action learns from.
NONE, NEW, BOTH = "", "current", "reference and current"


@dataclass(frozen=True)
class Action:
    """One thing that can be done, fitted on certain rows.

    Parameters
    ----------
    name : str
    fitted_on : str
        "current", "reference and current", or empty where nothing is fitted.
    words : str
        What to do, as an order.
    """

    name: str
    fitted_on: str
    words: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.name, self.fitted_on

    @property
    def is_new_model(self) -> bool:
        """Whether it costs a retraining."""
        return self.name == RETRAIN


# The simplest first: of actions that are not told apart the first one is taken.
ACTIONS: tuple[Action, ...] = (
    Action(KEEP, NONE, "Keep the model as it is"),
    Action(THRESHOLD, NEW, "Move the decision threshold"),
    Action(OFFSET, NEW, "Add one number to every score"),
    Action(RECALIBRATE, NEW, "Recalibrate the scores"),
    Action(RETRAIN, BOTH, "Retrain on old and new rows"),
    Action(RETRAIN, NEW, "Retrain on new rows alone"),
)
