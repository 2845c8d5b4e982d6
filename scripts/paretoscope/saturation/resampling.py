"""Intervals by drawing clusters anew, and what they say about whether something is identified."""

from __future__ import annotations

import numpy as np

RESAMPLES = 200

MOST_WITHOUT = 0.025
"""Share of the resamples that may lack a point before it counts as not identified."""


def cluster_weights(n_clusters: int, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Return how often each cluster is drawn in each resample (with replacement), shape (resamples, n_clusters).

    The same for every table of as many clusters, so that models which answer the same items are resampled alike.
    """
    return np.random.default_rng(seed).multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=resamples)


def percentile_interval(values: np.ndarray, method: str = "linear") -> tuple[float, float]:
    """Return the 95 % percentile interval of values without NaN; ends may be infinite."""
    # Between a finite and an infinite value there is nothing to interpolate.
    method = method if np.isfinite(values).all() else "closest_observation"
    low, high = np.percentile(values, (2.5, 97.5), method=method)
    return float(low), float(high)
