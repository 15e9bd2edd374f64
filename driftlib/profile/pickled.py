"""Pickle dataclasses by their fields: what they remember beside those is worked out again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any, ClassVar


class ByFields:
    """A dataclass that goes to other processes without its cached properties.

    Workers of Dask and Spark are sent a baseline, which remembers a lot of what it was compared
    with before: several times what it holds.

    Examples
    --------
    >>> import pickle
    >>> import pandas as pd
    >>> from driftlib.profile.baseline import Baseline
    >>> baseline = Baseline.fit(pd.DataFrame({"x": range(99, -1, -1)}))
    >>> before = len(pickle.dumps(baseline))
    >>> baseline.reference.columns["x"].mean, len(pickle.dumps(baseline)) == before
    (49.5, True)
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        # Pickles of older releases hold what was remembered, as it was remembered then.
        names = [field.name for field in fields(self)]
        vars(self).update({name: state[name] for name in names if name in state})
