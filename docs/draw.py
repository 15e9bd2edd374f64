"""Draw the pictures of these pages from real results: python -m docs.draw

Each picture's title, caption and words for those who cannot see it are the library's own, in
pictures/pictures.json; the tests make the results again and compare them.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import driftlib as dl
from driftlib import visualization as charts
from driftlib.html.page import plotly_js
from driftlib.visualization.style import INK

FOLDER = Path(__file__).parent / "pictures"
DATA = Path(__file__).parents[1] / "data"
WIDTH, INK_ON_WHITE = 760, "#24292f"


def flights() -> tuple[pd.DataFrame, pd.DataFrame]:
    """March, and what came after."""
    return pd.read_parquet(DATA / "reference.parquet"), pd.read_parquet(DATA / "current.parquet")


def heatmap() -> Any:
    """Nine months of flights."""
    return dl.drift_trend(*flights(), window="MS", timestamp="timestamp").plot()


def shifted() -> dl.DriftResult:
    """Made-up customers, half a standard deviation moved."""
    data = dl.simulate(5000, 0.5, 0.0, 0)
    return dl.detect_drift(data.reference, data.current, unit="row")


def psi() -> Any:
    """A shift that PSI sees."""
    return charts.feature_distribution(shifted(), "monthly_charge")


def ks() -> Any:
    """Three in a hundred values at -999, which neither ten bins nor KS make much of."""
    rng = np.random.default_rng(0)
    current = rng.normal(size=5000)
    current[:150] = -999.0
    frames = pd.DataFrame({"reading": rng.normal(size=5000)}), pd.DataFrame({"reading": current})
    return charts.feature_distribution(dl.detect_drift(*frames), "reading")


def severity() -> Any:
    """Sizes of all changes of one batch, beside the limits."""
    return charts.effect_sizes(shifted())


def noise() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two samples of 300 rows and 20 features in which nothing differs."""
    rng = np.random.default_rng(7)
    names = [f"feature_{number:02d}" for number in range(20)]
    reference, current = (pd.DataFrame(rng.normal(size=(300, 20)), columns=names) for _ in "ab")
    return reference, current


def q() -> Any:
    """Twenty features in which nothing differs."""
    return charts.effect_sizes(dl.detect_drift(*noise()))


def dealt() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Days of March dealt at random to two sides."""
    march = flights()[0]
    days = march["timestamp"].dt.day.to_numpy()
    first = np.random.default_rng(0).permutation(np.arange(1, 32))[:16]
    return march[np.isin(days, first)], march[~np.isin(days, first)]


def design_effect() -> Any:
    """The days that were dealt, as if rows were independent."""
    return charts.effect_sizes(dl.detect_drift(*dealt(), unit="row"))


def domain() -> Any:
    """Which features tell the periods apart, and what each explains."""
    data = dl.simulate(5000, 0.8, 0.0, 0)
    return charts.feature_attribution(dl.diagnose(data.reference, data.current, unit="row"))


def waterfall() -> Any:
    """Inputs that moved, and a tenth of the labels turned over."""
    data = dl.simulate(5000, 0.8, 0.1, 0)
    return charts.loss_waterfall(dl.diagnose(data.reference, data.current))


def estimates() -> Any:
    """Months of flights: what was estimated beside what labels showed."""
    reference, current = flights()
    months = {"window": "MS", "timestamp": "timestamp", "metrics": ["accuracy"]}
    estimate = dl.estimate_performance(reference, current, method="cbpe", **months)
    measured = dl.track_performance(current, reference=reference, **months)
    return charts.realised_against_estimated(measured, estimate, "accuracy")


def cannot_tell() -> Any:
    """Three days against four weeks."""
    data = dl.simulate(5000, 0.5, 0.0, 0)
    days = data.current["timestamp"].dt.normalize().rank(method="dense")
    return charts.effect_sizes(
        dl.detect_drift(data.reference[days.le(9).to_numpy()], data.current[days <= 3])
    )


def peers() -> Any:
    """Seconds of ten tools on the same files, as their record has them: where all answered."""
    import plotly.graph_objects as go

    from driftlib.visualization.style import COLORWAY

    record = (FOLDER.parent / "measured" / "peers.txt").read_text(encoding="utf-8")
    found = re.findall(r"^ *([\d,]+)  (\S.*?) {2,}([\d.]+) +[\d.]+ ", record, re.MULTILINE)
    tools = {tool for _, tool, _ in found}
    asked = Counter(rows for rows, *_ in found)
    most = max((rows for rows, number in asked.items() if number == len(tools)), key=len)
    seconds = {tool: float(taken) for rows, tool, taken in found if rows == most}
    drawn = go.Figure(
        go.Bar(
            x=list(seconds.values())[::-1],
            y=list(seconds)[::-1],
            orientation="h",
            marker_color=[COLORWAY["driftlib" in tool] for tool in reversed(seconds)],
            text=[f"{taken:g} s" for taken in reversed(seconds.values())],
            textposition="outside",
            cliponaxis=False,
        )
    )
    said = ", ".join(f"{tool} {taken:g} s" for tool, taken in seconds.items())
    return drawn.update_layout(
        title=f"{most} rows a side x 25 columns: seconds to an answer",
        template="plotly_white",
        font={"color": INK, "size": 13},
        height=80 + 30 * len(seconds),
        margin={"l": 160, "r": 60, "t": 10, "b": 45},
        xaxis={"title": "seconds, after both frames are read"},
        meta={
            "caption": f"One run of {record[2:12]}, on 2 cores that did other work besides. The "
            "tools answer different questions: the record says what each does.",
            "alt": f"Bars: {said}.",
        },
    )


PICTURES: dict[str, Callable[[], Any]] = {
    made.__name__.replace("_", "-"): made
    for made in (
        heatmap, psi, ks, severity, q, design_effect, domain, waterfall, estimates, cannot_tell,
        peers,
    )
}  # fmt: skip


def words(figure: Any) -> dict[str, str]:
    """A figure's title, caption and description, without marks."""
    meta = figure.layout.meta or {}
    texts = {
        "title": figure.layout.title.text or "",
        "caption": meta.get("caption", ""),
        "alt": meta.get("alt", ""),
    }
    return {name: re.sub(r"<[^>]+>", " ", text).strip() for name, text in texts.items()}


def standalone(figure: Any) -> dict[str, Any]:
    """A figure as JSON, for a white ground and without the title, which the page has."""
    drawn: dict[str, Any] = json.loads(re.sub(INK, INK_ON_WHITE, figure.to_json(), flags=re.I))
    layout = drawn["layout"]
    layout.pop("title", None)
    layout |= {"width": WIDTH, "paper_bgcolor": "white", "plot_bgcolor": "white"}
    return drawn


def main(names: list[str]) -> None:
    """Draw all pictures, or those that are named."""
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(exist_ok=True)
    index = FOLDER / "pictures.json"
    known = json.loads(index.read_text()) if index.exists() else {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": 800})
        page.add_script_tag(content=plotly_js())
        for name in names or PICTURES:
            figure = PICTURES[name]()
            known[name] = words(figure)
            svg = page.evaluate(
                "figure => Plotly.toImage(figure, {format: 'svg', imageDataOnly: true})",
                standalone(figure),
            )
            (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
            print(name, len(svg) // 1000, "kB", known[name]["title"])
        browser.close()
    kept = {name: known[name] for name in sorted(known) if name in PICTURES}
    index.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
