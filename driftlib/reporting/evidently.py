"""Write Evidently's own reports on the same data; the package is optional."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.arrow_frames import index_of
from driftlib.data.levels import level_text
from driftlib.data.numbers import as_numbers
from driftlib.data.opening import read_pair, source_name
from driftlib.data.schema import (
    CATEGORICAL,
    COMPARABLE,
    NUMERIC,
    ColumnRoles,
    column_kind,
    select_features,
)
from driftlib.data.task import number_of
from driftlib.data.unit_choice import AUTO
from driftlib.errors import DataError, DriftlibError, MissingExtraError
from driftlib.files import write_whole
from driftlib.text import first_sentence

DRIFT_PAGE, CLASSIFICATION_PAGE = "evidently_drift.html", "evidently_classification.html"
COLUMN_ARGUMENTS = (
    "timestamp",
    "y_true",
    "y_pred",
    "y_proba",
    "positive",
    "features",
    "exclude",
    "categorical",
    "unit",
)
# Evidently's pages run what a name or a category says if it looks like a script.
HARMLESS = str.maketrans({"<": "\u2039", ">": "\u203a", "&": "+", "`": "'"})
# More distinct labels than this are a regression, which Evidently's preset is not for.
MOST_CLASSES = 50


def evidently_report(
    reference: Any,
    current: Any,
    output: str | Path = "reports",
    *,
    features: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    categorical: Iterable[str] = (),
    timestamp: str | None = None,
    time_format: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: Any = None,
    unit: str = AUTO,
) -> tuple[Path, ...]:
    """Write Evidently's drift page, and its classification page where there are labels.

    Parameters
    ----------
    reference, current : frame, table, path or glob
        As for `driftlib.detect_drift`.
    output : path
        Folder to write `evidently_drift.html` and `evidently_classification.html` to.
    features, exclude, categorical : list of str
        As for `driftlib.detect_drift`.
    timestamp, time_format, y_true, y_pred, y_proba : str
        Names of columns; those that are absent are left out.
    positive : object, optional
        The positive label; by default the larger of two.
    unit : str
        A column that says which rows belong together is left out; Evidently knows no units.

    Returns
    -------
    tuple of Path
        The pages written.

    Raises
    ------
    MissingExtraError
        If Evidently is not installed.
    DataError
        If no column can be compared, or Evidently cannot work with the data.
    """
    os.environ.setdefault("DO_NOT_TRACK", "1")
    frames = read_pair(reference, current)
    names = [source_name(reference, "reference"), source_name(current, "current")]
    drawn = unit if unit in frames[0].columns else None
    roles = ColumnRoles(y_true, y_pred, y_proba, timestamp, time_format, drawn)
    chosen = select_features(
        frames[0].columns, roles, features, categorical, names[0], exclude, index_of(frames[0])
    )
    folder, pages = Path(output), []
    with warnings.catch_warnings():
        # Evidently and what it builds on warn of their own code, about which nobody here can do
        # anything.
        warnings.simplefilter("ignore")
        try:
            import evidently  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("evidently", "evidently", "Evidently's report") from error
        pages.append(_drift(frames, chosen, set(categorical), folder / DRIFT_PAGE))
        labelled = [_labelled(frame, roles) for frame in frames]
        if all(part is not None and len(part) for part in labelled):
            page = _classification(labelled, roles, positive, folder / CLASSIFICATION_PAGE)
            pages += [page] if page else []
    return tuple(pages)


def _drift(
    frames: tuple[pd.DataFrame, pd.DataFrame], chosen: list[str], categorical: set[str], path: Path
) -> Path:
    from evidently import DataDefinition
    from evidently.presets import DataDriftPreset

    kinds = {}
    for name in chosen:
        # One column that it cannot handle would end Evidently's whole report.
        if all(name in frame and frame[name].notna().any() for frame in frames):
            kind, _ = column_kind(frames[0][name], name in categorical)
            if kind in COMPARABLE:
                kinds[name] = kind
    if not kinds:
        raise DataError("no column can be compared by Evidently: it has no data in common.")
    clean = [_clean(frame, kinds) for frame in frames]
    # Infinities count as missing, so that there may be columns with nothing left.
    kept = [name for name in kinds if all(part[name].notna().any() for part in clean)]
    plain = _harmless(kept)
    kinds = {plain[name]: kinds[name] for name in kept}
    clean = [part[kept].rename(columns=plain) for part in clean]
    definition = DataDefinition(
        numerical_columns=[name for name, kind in kinds.items() if kind == NUMERIC],
        categorical_columns=[name for name, kind in kinds.items() if kind == CATEGORICAL],
    )
    return _save(DataDriftPreset(), clean, definition, path)


def _harmless(names: Iterable[str]) -> dict[str, str]:
    """Names that no page can take for anything else, each of them still its own."""
    found: dict[str, str] = {}
    for name in names:
        plain = name.translate(HARMLESS)
        while plain in found.values():
            plain += "'"
        found[name] = plain
    return found


def _clean(frame: pd.DataFrame, kinds: dict[str, str]) -> pd.DataFrame:
    """Plain floats without infinities, and plain texts."""
    columns: dict[str, Any] = {}
    for name, kind in kinds.items():
        if kind == NUMERIC:
            values = _floats(frame[name])
            columns[name] = np.where(np.isfinite(values), values, np.nan)
        else:
            columns[name] = _texts(frame[name]).to_numpy(dtype=object)
    return pd.DataFrame(columns)


def _floats(column: pd.Series) -> np.ndarray:
    numbers = as_numbers(column)
    return np.asarray(numbers.values, dtype=np.float64)


def _texts(column: pd.Series) -> pd.Series:
    present = column.astype(object).where(column.notna(), None)
    return present.map(lambda value: level_text(value).translate(HARMLESS), na_action="ignore")


def _labelled(frame: pd.DataFrame, roles: ColumnRoles) -> pd.DataFrame | None:
    """Rows with a label and a prediction, both as text; None without such columns."""
    if roles.y_true not in frame or roles.y_pred not in frame:
        return None
    part = frame.dropna(subset=[roles.y_true, roles.y_pred])
    plain = pd.DataFrame({name: _texts(part[name]) for name in (roles.y_true, roles.y_pred)})
    for name in roles.proba_columns(frame.columns):
        plain[name] = _floats(part[name])
    return plain.dropna().reset_index(drop=True)


def _classification(
    labelled: list[Any], roles: ColumnRoles, positive: Any, path: Path
) -> Path | None:
    from evidently import BinaryClassification, DataDefinition, MulticlassClassification
    from evidently.presets import ClassificationPreset

    values = pd.concat(
        [part[name] for part in labelled for name in (roles.y_true, roles.y_pred)]
    ).unique()
    if not 2 <= len(values) <= MOST_CLASSES:
        return None
    # A class that one side lacks has no curve there, which Evidently takes for an error.
    if any(part[roles.y_true].nunique() < 2 for part in labelled):
        return None
    plain = _harmless(labelled[0].columns)
    labelled = [part.rename(columns=plain) for part in labelled]
    target, prediction = plain[roles.y_true], plain[roles.y_pred]
    columns = {"target": target, "prediction_labels": prediction}
    probabilities = list(plain.values())[2:]
    if len(values) == 2:
        pos_label = _larger(values)
        if positive not in (None, ""):
            pos_label = level_text(positive).translate(HARMLESS)
        single = plain.get(roles.y_proba)
        task: Any = BinaryClassification(**columns, prediction_probas=single, pos_label=pos_label)
    else:
        # Evidently reads a probability column's name as its class: ours have a prefix.
        task = MulticlassClassification(**columns)
    definition = DataDefinition(
        classification=[task],
        categorical_columns=[target, prediction],
        numerical_columns=probabilities,
    )
    return _save(ClassificationPreset(), labelled, definition, path)


def _larger(labels: Iterable[str]) -> str:
    numbers = {label: number_of(label) for label in labels}
    if None in numbers.values():
        return max(numbers)
    return max(numbers, key=lambda label: numbers[label] or 0.0)


def _save(preset: Any, frames: list[Any], definition: Any, path: Path) -> Path:
    from evidently import Dataset, Report

    reference, current = (Dataset.from_pandas(part, definition) for part in frames)
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, path.name)
        try:
            snapshot = Report([preset]).run(current, reference)
            snapshot.save_html(str(written))
            page = written.read_text(encoding="utf-8")
        except DriftlibError:
            raise
        except Exception as error:
            raise DataError(
                f"Evidently cannot make {path.name} of this data ({type(error).__name__}: "
                f"{first_sentence(error)}): leave it out, or name fewer features."
            ) from error
    return write_whole(path, page)
