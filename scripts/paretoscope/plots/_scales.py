"""Axes that read without effort: FLOPs in a fitting unit, few and round ticks, accuracy in per cent, dates."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axis import Axis
from matplotlib.dates import AutoDateLocator, DateFormatter, MonthLocator, YearLocator, date2num
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

_PREFIXES = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")


def flops_unit(flops) -> tuple[str, float]:
    """Return name and size of the unit in which the middle of some FLOPs (on a log scale) is a number from 1 on.

    Raises
    ------
    ValueError
        There is no positive value.
    """
    logs = np.log10([value for value in flops if value > 0])
    middle = (logs.min() + logs.max()) / 2
    step = min(max(int(middle // 3), 0), len(_PREFIXES) - 1)
    return f"{_PREFIXES[step]}FLOPs", 1000.0**step


def cost_unit(values, unit: str) -> tuple[str, float]:
    """Return name and size of a unit in which the middle of some costs (on a log scale) is easy to read.

    Parameters
    ----------
    values : positive floats
    unit : str
        ``FLOPs``, ``s``, ``J`` or ``$``; empty for tokens.
    """
    if unit == "FLOPs":
        return flops_unit(values)
    if unit not in ("s", "J"):
        return unit or "tokens", 1.0
    logs = np.log10(values)
    step = math.floor((logs.min() + logs.max()) / 2 / 3)
    step = min(max(step, -2), 0 if unit == "s" else 3)  # nobody counts in kiloseconds
    return f"{('', 'k', 'M', 'G', 'µ', 'm')[step]}{unit}", 1000.0**step


def log_limits(values, pad: float = 0.06, least_decades: float = 1.0) -> tuple[float, float]:
    """Return limits of a log axis around positive values: a share of padding, and a least number of decades."""
    low, high = np.log10(np.min(values)), np.log10(np.max(values))
    grow = max(pad * (high - low), (least_decades - (high - low)) / 2, 0.05)
    return 10 ** (low - grow), 10 ** (high + grow)


def log_ticks(axis: Axis, limits: tuple[float, float], most: int = 7, whole: bool = False) -> None:
    """Put round ticks on a log axis: decades, or 1-3 or 1-2-5 steps where few decades are shown.

    Parameters
    ----------
    limits : (float, float)
        In the unit shown; a decade apart at least, or a doubling for powers of two.
    most : int
        More decades than this are thinned out.
    whole : bool
        Whether to show powers of two (1, 2, 4, ...), for token counts.
    """
    ticks, minor = _binary_ticks(*limits, most) if whole else _decimal_ticks(*limits, most)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_locator(FixedLocator(minor) if len(minor) <= 60 else NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _binary_ticks(low: float, high: float, most: int):
    exponents = range(math.floor(math.log2(low)), math.ceil(math.log2(high)) + 1)
    every = max(1, math.ceil(math.log2(high / low) / most))
    steps = (1,) if high / low > 8 else (1, 1.5) if high / low > 4 else (1, 1.25, 1.5, 1.75)
    ticks = [s * 2.0**k for k in exponents for s in steps if k % every == 0]
    minor = [2.0**k for k in exponents]
    return [[value for value in values if low <= value <= high] for values in (ticks, minor)]


def _decimal_ticks(low: float, high: float, most: int):
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    decades = math.log10(high / low)
    every = max(1, math.ceil(decades / (most + 1)))
    steps = next((steps for steps in ((1, 2, 5), (1, 3)) if len(steps) * decades <= most + 1), (1,))
    ticks = [s * 10.0**k for k in exponents for s in steps if k % every == 0]
    minor = [s * 10.0**k for k in exponents for s in range(1, 10)]
    return [[value for value in values if low <= value <= high] for values in (ticks, minor)]


def number(value: float) -> str:
    """Return a short number with thousands separated: 0.05, 3, 10,000."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def accuracy_limits(low, high, headroom: float = 0.0) -> tuple[float, float]:
    """Return limits in per cent around intervals given as fractions: at least ten points, hardly beyond 0 and 100.

    Parameters
    ----------
    headroom : float
        Share of the range to add above, for names.
    """
    bottom, top = 100 * np.nanmin(low), 100 * np.nanmax(high)
    grow = max(0.05 * (top - bottom), (10 - (top - bottom)) / 2)
    margin = max(0.03 * (top - bottom), 0.4)
    bottom, top = bottom - grow, top + grow
    if bottom < -margin:
        bottom, top = -margin, max(top, 10)
    if top > 100 + margin:
        bottom, top = min(bottom, 90), 100 + margin
    return bottom, top + headroom * (top - bottom)


def accuracy_ticks(axis: Axis, limits: tuple[float, float]) -> None:
    """Put round ticks from 0 to 100 on an axis of per cent."""
    round_ticks(axis, (max(limits[0], 0), min(limits[1], 100)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))


def round_ticks(axis: Axis, limits: tuple[float, float], most: int = 6) -> None:
    """Put a few round ticks on a linear axis, none beyond the limits."""
    ticks = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(*limits)
    axis.set_major_locator(FixedLocator([tick for tick in ticks if limits[0] <= tick <= limits[1]]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _date_locator(first: pd.Timestamp, last: pd.Timestamp, most: int):
    if most >= 8:
        return AutoDateLocator(minticks=3, maxticks=most)
    months = (last - first).days / 30.4
    if months < 3:
        return FixedLocator(date2num([first, last] if first < last else [first]))
    every = next((every for every in (1, 2, 3, 4, 6) if months / every < most), 12)
    return MonthLocator(bymonth=range(1, 13, every)) if every < 12 else YearLocator(math.ceil(months / 12 / most))


def date_axis(axis: Axis, dates: pd.Series, most: int = 8) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Put ISO dates as ticks on an axis and return its limits: the dates with a margin, of half a month at least."""
    first, last = dates.min(), dates.max()
    margin = max(0.06 * (last - first), pd.Timedelta(days=15))
    days = (last - first).days
    axis.set_major_locator(_date_locator(first, last, most))
    axis.set_major_formatter(DateFormatter("%Y-%m-%d" if days < 90 else "%Y-%m" if days < 2500 else "%Y"))
    return first - margin, last + margin
