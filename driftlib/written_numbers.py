"""Write numbers so that a person can read them: no more digits than they deserve."""

from __future__ import annotations

import math
from collections.abc import Callable

NOT_A_NUMBER = "—"


def percent(share: float) -> str:
    """Write a share for a sentence, with two digits.

    Parameters
    ----------
    share : float
        0 to 1.

    Returns
    -------
    str
        "0 %" and "100 %" only for exactly these.

    Examples
    --------
    >>> [percent(share) for share in (0, 0.0004, 0.0312, 0.14, 0.9996, 1)]
    ['0 %', 'under 0.1 %', '3.1 %', '14 %', 'over 99.9 %', '100 %']
    """
    if 0 < share < 0.001:
        return "under 0.1 %"
    if 0.999 < share < 1:
        return "over 99.9 %"
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.3g} %"


def percents(*shares: float) -> list[str]:
    """Write shares for one sentence, with as many digits as it takes to tell them apart.

    Parameters
    ----------
    *shares : float
        0 to 1 each.

    Returns
    -------
    list of str
        One a share, with up to four digits.

    Examples
    --------
    >>> percents(0.151, 0.149)
    ['15.1 %', '14.9 %']
    """
    texts = [percent(share) for share in shares]
    for digits in (3, 4):
        if len(set(texts)) == len(set(shares)):
            break
        texts = [f"{100 * share:.{digits}g} %" for share in shares]
    return texts


def brief(value: float, most: int = 3) -> str:
    """Write a number for a label, with about two digits that matter.

    Parameters
    ----------
    value : float
    most : int
        Decimals at most.

    Returns
    -------
    str
        A dash for NaN.

    Examples
    --------
    >>> [brief(value) for value in (0, 0.00123, 0.0468, 0.312, 2.16, 9.97, 1234.5, 145_853)]
    ['0', '0.001', '0.05', '0.31', '2.2', '10', '1,234', '146,000']
    >>> brief(0.00123, most=2)
    '0.00'
    """
    if math.isnan(value):
        return NOT_A_NUMBER
    size = abs(value)
    if size >= 10_000:
        return significant(value)
    digits = 3 if size < 0.0095 else 2 if size < 0.995 else 1 if size < 9.95 else 0
    return f"{value:,.{min(digits, most)}f}" if value else "0"


def number_writer(spread: float) -> Callable[..., str]:
    """Make a function that writes numbers with as many decimals as their uncertainty deserves.

    Parameters
    ----------
    spread : float
        Width of an interval, in the numbers' unit; four decimals where it is 0 or not finite.

    Returns
    -------
    callable
        Takes a value and, optionally, whether to write a plus sign.

    Examples
    --------
    >>> number_writer(0.005)(0.04512), number_writer(0.005)(0.04512, True)
    ('0.045', '+0.045')
    >>> number_writer(80)(1234.5), number_writer(80_000)(-278_431, True)
    ('1,230', '-280,000')
    >>> number_writer(3e18)(2.5e19, True), number_writer(4e-30)(8.25e-30)
    ('+2.5e+19', '8.25e-30')
    """
    usable = math.isfinite(spread) and spread > 0
    digits = -math.floor(math.log10(spread / 5)) if usable else 4

    def write(value: float, signed: bool = False) -> str:
        if digits > 9 or abs(value) >= 1e15:
            return f"{value:+.3g}" if signed else f"{value:.3g}"
        shown, places = round(value, digits), max(digits, 0)
        text = f"{shown:+,.{places}f}" if signed else f"{shown:,.{places}f}"
        return text if shown else text.lstrip("+-")

    return write


def significant(value: float, digits: int = 3) -> str:
    """Write a number with the digits that matter, and no exponent where people can do without.

    Parameters
    ----------
    value : float
    digits : int
        That matter: the rest are noughts.

    Returns
    -------
    str
        With commas from 10,000 on.

    Examples
    --------
    >>> [significant(value) for value in (0.97349, 1.0, 1234.5, 96465.4, -278431.0, 2.5e19)]
    ['0.973', '1', '1230', '96,500', '-278,000', '2.5e+19']
    """
    size = abs(value)
    if not 10**digits <= size < 1e15:
        return f"{value:.{digits}g}"
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if size >= 10_000 else f"{rounded:.0f}"
