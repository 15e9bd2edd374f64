"""Tell how the latest change of a subject went on over its windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from driftlib.alerts.alert import CONTINUING, NEW, OVER, WORSE, Alert
from driftlib.data.windows import start_in_words
from driftlib.drift.policy import k_of_n
from driftlib.lazily import pd
from driftlib.performance.policy import AlertPolicy


@dataclass(frozen=True)
class Course:
    """How the latest change of a subject went on.

    Parameters
    ----------
    state : str
        As in an alert.
    began : str
        When it began, in words; empty where nothing is known of it.
    ended : str
        When it was over, in words; empty while it goes on.
    first : int
        Number of its first window.
    """

    state: str
    began: str = ""
    ended: str = ""
    first: int = 0

    def part(self, found: pd.DataFrame) -> pd.DataFrame:
        """Windows of the change that is told of, where earlier ones are over.

        Parameters
        ----------
        found : DataFrame
            Windows that have an alert.

        Returns
        -------
        DataFrame
        """
        return found[found["window"] >= self.first] if self.began else found

    def when(self, found: pd.DataFrame, windows: int, what: str) -> str:
        """Say since when it goes on, or in which windows it was found.

        Parameters
        ----------
        found : DataFrame
            Windows that have an alert.
        windows : int
            How many windows there are.
        what : str
            What happened, such as "drifted".

        Returns
        -------
        str
        """
        if windows == 1:
            return f"{what} in the only window"
        if not self.began:
            return f"{what} in {_when(found, windows, self.state)}"
        if self.state == OVER:
            return f"{what} since {self.began}; over since {self.ended}"
        return f"{what} since {self.began}; {self.state}"


def tell_course(every: pd.DataFrame, wanted: pd.Series, level: pd.Series, newest: int) -> Course:
    """Tell the state of a subject from all of its windows, in order.

    Parameters
    ----------
    every : DataFrame
        All windows of the subject.
    wanted : Series of bool
        Which windows have an alert.
    level : Series of int
        How bad each window is.
    newest : int
        Number of the newest window.

    Returns
    -------
    Course
    """
    flags, levels = wanted[every.index].to_numpy(), level[every.index].to_numpy()
    over = every["over"].to_numpy()
    last = int(np.flatnonzero(flags)[-1])
    ends = np.flatnonzero(over)
    before = ends[ends < last]
    first = int(np.flatnonzero(flags[before[-1] + 1 if len(before) else 0 :])[0])
    first += int(before[-1]) + 1 if len(before) else 0
    start = int(every["window"].iloc[first])
    began, since = "", every["since"].iloc[last]
    if since is not None and every["evidence"].notna().any():
        began = start_in_words(since, every["end"].iloc[last])
    if (ends >= last).any():
        end = every.iloc[ends[ends >= last][0]]
        return Course(OVER, began, start_in_words(end["start"], end["end"]), start)
    now = every["window"].iloc[last] == newest
    if now and first == last:
        return Course(NEW, began, first=start)
    worse = now and levels[last] > levels[first:last].max()
    return Course(WORSE if worse else CONTINUING, began, first=start)


def alert_of(
    kind: str, subject: str, row: pd.Series, severity: str, message: str, course: Course
) -> Alert:
    """Make the alert of a subject's latest window, in the state of its course.

    Parameters
    ----------
    kind, subject : str
    row : Series
        The window.
    severity, message : str
    course : Course

    Returns
    -------
    Alert
    """
    return Alert(kind, subject, int(row["window"]), severity, message, course.state)


def both_ends(worst: pd.Series, latest: pd.Series, write: Callable[[pd.Series], str]) -> str:
    """Write about the worst and the latest window, once where they are the same.

    Parameters
    ----------
    worst, latest : Series
        Rows of two windows.
    write : callable
        What to say of a row.

    Returns
    -------
    str
    """
    worst_start, latest_start = (
        start_in_words(row["start"], row["end"]) for row in (worst, latest)
    )
    if worst["window"] == latest["window"]:
        return f"latest {latest_start} {write(latest)}"
    return f"latest {latest_start} {write(latest)}; worst {worst_start} {write(worst)}"


def persistent(wanted: pd.Series, subjects: pd.Series, policy: AlertPolicy) -> pd.Series:
    """Keep what lasts as the policy asks: found in k of n windows.

    Parameters
    ----------
    wanted : Series of bool
        What is found in each row's window.
    subjects : Series of str
        What each row is about.
    policy : AlertPolicy

    Returns
    -------
    Series of bool
    """
    return wanted if policy.persistence is None else k_of_n(wanted, subjects, *policy.persistence)


def subjects_wanted(
    table: pd.DataFrame, subjects: pd.Series, wanted: pd.Series
) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Go through the subjects that have an alert.

    Parameters
    ----------
    table : DataFrame
        A row for each window and subject.
    subjects : Series of str
    wanted : Series of bool
        Which rows have an alert.

    Yields
    ------
    tuple
        The subject, its windows that are wanted, and all of its windows.
    """
    for subject, found in table[wanted].groupby(subjects[wanted], sort=False):
        yield str(subject), found, table[subjects == subject]


def _when(found: pd.DataFrame, windows: int, state: str) -> str:
    ends = found.iloc[[0, -1]]
    first, last = [start_in_words(*row) for row in zip(ends["start"], ends["end"], strict=True)]
    span = first if len(found) == 1 else f"first {first}, last {last}"
    return f"{len(found)} of {windows} windows ({span}; {state})"
