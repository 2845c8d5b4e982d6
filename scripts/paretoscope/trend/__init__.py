"""Trend over release dates: how efficient models are, what an accuracy costs, and how far the frontier has come."""

from .efficiency import efficiency
from .history import frontiers_as_of, hypervolume_over_time
from .lines import trend_lines
from .tables import EFFICIENCY, FRONTIERS, HYPERVOLUME, LINES, THRESHOLDS
from .thresholds import threshold_flops

__all__ = [
    "EFFICIENCY",
    "FRONTIERS",
    "HYPERVOLUME",
    "LINES",
    "THRESHOLDS",
    "efficiency",
    "frontiers_as_of",
    "hypervolume_over_time",
    "threshold_flops",
    "trend_lines",
]
