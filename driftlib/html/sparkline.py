"""Draw two small distributions on top of each other, as an inline picture a word high."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 96, 24


def sparkline_svg(
    reference: Sequence[float],
    current: Sequence[float],
    label: str,
    colors: tuple[str, str],
    apart: tuple[bool, bool] = (False, False),
) -> str:
    """Draw the shares of two samples, the first as filled bars, the second as a line over them.

    Parameters
    ----------
    reference, current : sequence of float
        Shares from 0 to 1 of the same parts, at least one; NaN is drawn as nothing.
    label : str
        What is seen, for those who cannot see it. Plain text.
    colors : (str, str)
        Of the reference and of the current sample, as CSS writes colours.
    apart : (bool, bool)
        Whether the first and the last part stand apart from the others, filled where the second
        sample has something there.

    Returns
    -------
    str
        An `<svg>` element that needs no script and no style sheet.

    Examples
    --------
    >>> picture = sparkline_svg([0.5, 0.5], [0.1, 0.9], "x: higher now", ("#888", "#c60"))
    >>> picture[:33], picture.count("<path")
    ('<svg class="sparkline" role="img"', 2)
    """
    sides = [[share if share == share else 0.0 for share in side] for side in (reference, current)]
    top = max(max(side, default=0.0) for side in sides) or 1.0
    gaps = [2 * any_apart for any_apart in apart]
    step = (WIDTH - sum(gaps)) / max(1, len(sides[0]))
    last = len(sides[0]) - 1
    lefts = [
        place * step + gaps[0] * (place > 0) + gaps[1] * (place == last)
        for place in range(last + 1)
    ]
    heights = [[(HEIGHT - 2) * share / top for share in side] for side in sides]
    bars = "".join(
        f"M{left:.1f} {HEIGHT}v{-height:.1f}h{step:.1f}v{height:.1f}z"
        for left, height in zip(lefts, heights[0], strict=True)
        if height
    )
    outside = {place for place, is_apart in ((0, apart[0]), (last, apart[1])) if is_apart}
    filled = "".join(
        f"M{lefts[place]:.1f} {HEIGHT}v{-heights[1][place]:.1f}h{step:.1f}v{heights[1][place]:.1f}z"
        for place in sorted(outside)
        if heights[1][place]
    )
    inner = [place for place in range(last + 1) if place not in outside]
    line = "".join(
        f"{'M' if place == inner[0] else 'L'}{lefts[place]:.1f} {HEIGHT - heights[1][place]:.1f}"
        f"h{step:.1f}"
        for place in inner
    )
    parts = [
        f'<path d="{bars}" fill="{escape(colors[0])}" fill-opacity="0.5"/>',
        f'<path d="{filled}" fill="{escape(colors[1])}"/>' if filled else "",
        f'<path d="{line}" fill="none" stroke="{escape(colors[1])}" stroke-width="1.5"/>',
    ]
    return (
        f'<svg class="sparkline" role="img" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )
