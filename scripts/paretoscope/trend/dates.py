"""Release dates as text that sorts, and as years."""

from __future__ import annotations

import numpy as np
import pandas as pd


def iso_dates(dates: pd.Series) -> pd.Series:
    """Write dates as full ISO dates, so that text sorts as time does; what is empty stays empty."""
    text = dates.astype("str").mask(dates.isna() | (dates == ""))
    return pd.to_datetime(text, format="ISO8601").dt.strftime("%Y-%m-%d").astype("str")


def years(dates: pd.Series) -> np.ndarray:
    """Return the years since the first of ISO dates, shape (n,)."""
    days = pd.to_datetime(dates)
    return (days - days.min()).dt.days.to_numpy() / 365.25
