"""Take classifiers that are fitted already, where they are of the rows and features in question."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from driftlib.data.groups import WindowGroups
from driftlib.domain.result import Domain
from driftlib.errors import ParameterError
from driftlib.text import counted


def check_domains(
    domain: Domain | Sequence[Domain | None] | None, groups: WindowGroups, features: Collection[str]
) -> tuple[Domain | None, ...]:
    """Check what was passed as `domain=` against the windows and features that it is for.

    Parameters
    ----------
    domain : Domain or sequence of (Domain or None) or None
        One a segment and window, in their order.
    groups : WindowGroups
        Of current.
    features : collection of str
        What is compared.

    Returns
    -------
    tuple of (Domain or None)
        By group; None where a classifier cannot tell, or is of other features. Empty without any.

    Raises
    ------
    ParameterError
        If there are not as many as groups, or one was fitted on other rows.
    """
    if domain is None:
        return ()
    given = [domain] if isinstance(domain, Domain) else list(domain)
    if len(given) != len(groups.lo):
        raise ParameterError(
            f"domain= holds {counted(len(given), 'classifier')} for "
            f"{counted(len(groups.lo), 'window')}: pass those of the same windows and segments."
        )
    every = np.arange(int(groups.hi.max(initial=0)))
    rows = every[groups.rows] if isinstance(groups.rows, slice) else groups.rows
    for found, lo, hi in zip(given, groups.lo.tolist(), groups.hi.tolist(), strict=True):
        if found is not None and not np.isin(found.current_rows, rows[lo:hi]).all():
            raise ParameterError(
                "domain= was fitted on other rows than those of its window: fit it on the same "
                "frames, windows and segments."
            )
    return tuple(
        found if found and not found.cannot_tell and set(found.features) <= set(features) else None
        for found in given
    )
