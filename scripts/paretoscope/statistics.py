"""Means and intervals for graded samples: items are independent, samples of one item are not."""

from __future__ import annotations

import numpy as np

NORMAL_95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""


def clustered_mean(values, clusters):
    """Return the mean over clusters of the cluster means, and its standard error.

    Parameters
    ----------
    values : array of shape (n,) or (n, k)
        One value per observation, or k of them; not empty.
    clusters : array of shape (n,)
        The cluster of each observation, e.g. its item id.

    Returns
    -------
    mean, se : float or array of shape (k,)
        In the unit of ``values``. ``se`` is NaN for a single cluster, which can't show how clusters vary.

    Notes
    -----
    Each cluster counts once, whatever its number of observations. The standard error is the sample standard deviation
    of the cluster means over the square root of their number. With equally many observations in every cluster it
    equals the cluster-robust standard error of a mean (Miller, arXiv 2411.00640, section 2.2) times the usual
    small-sample factor sqrt(G / (G - 1)) for G clusters. Left out: finite-population correction and any dependence
    between clusters.
    """
    values = np.asarray(values, dtype=float)
    _, index, sizes = np.unique(np.asarray(clusters), return_inverse=True, return_counts=True)
    sums = np.zeros((len(sizes), *values.shape[1:]))
    np.add.at(sums, index, values)
    means = sums / sizes.reshape(-1, *[1] * (values.ndim - 1))
    mean = means.mean(axis=0)
    if len(sizes) == 1:
        return mean, np.full_like(mean, np.nan)[()]
    return mean, means.std(axis=0, ddof=1) / np.sqrt(len(sizes))


def wilson_interval(mean, se, n_clusters):
    """Return the 95 % Wilson interval of a proportion at the effective size that its standard error implies.

    Parameters
    ----------
    mean, se : float or array of shape (k,)
        Proportion in [0, 1] and its standard error.
    n_clusters : float or array of shape (k,)
        Independent clusters behind the proportion.

    Returns
    -------
    low, high : float or array of shape (k,)
        Ends of the interval, in [0, 1].

    Notes
    -----
    The interval of Wilson (1927) at the size of :func:`effective_size`.
    """
    mean, se, n_clusters = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (mean, se, n_clusters)))
    size = effective_size(mean, se, n_clusters)
    return wilson_quantile(mean, size, -NORMAL_95), wilson_quantile(mean, size, NORMAL_95)


def effective_size(mean, se, n_clusters):
    """Return the number of independent yes-or-no observations that a proportion is worth.

    Parameters
    ----------
    mean, se, n_clusters : float or array of shape (k,)
        As for :func:`wilson_interval`.

    Returns
    -------
    float or array of shape (k,)
        At least 1. Where the standard error is zero or unknown, the number of clusters, so that 30 right answers out
        of 30 don't come out as certainty.

    Notes
    -----
    The clusters over the design effect, n se^2 / (mean (1 - mean)) (Kish). It is below 1 where the samples of one
    cluster differ, and few clusters underestimate it just where all of them happen to be easy. So it is drawn towards
    1 (samples of a cluster all alike) as two clusters would that are right at the rate (n mean + 2) / (n + 4). In
    simulations with 30 items of 8 samples this lifts the lowest coverage of 95 % intervals, at accuracies from 50 to
    99 %, from 86 to 93 %, and in the other direction, where all items are equally hard, to 99 %.
    """
    mean, n_clusters = np.asarray(mean, dtype=float), np.asarray(n_clusters, dtype=float)
    variance, among = mean * (1 - mean), np.square(np.asarray(se, dtype=float)) * n_clusters
    # A mean at 0 or 1 leaves no variance for a positive standard error to explain, but rounding can produce one.
    usable = np.isfinite(among) & (among > 0) & (variance > 0)
    with np.errstate(over="ignore"):
        design = np.where(usable, among / np.where(variance > 0, variance, 1), 1)
    cautious = (n_clusters * mean + 2) / (n_clusters + 4)
    prior = 2 * cautious * (1 - cautious)
    drawn = (n_clusters * np.where(usable, among, variance) + prior) / (n_clusters * variance + prior)
    design = np.maximum(design, drawn)
    # No proportion varies more than a single observation does.
    return np.maximum(n_clusters / design, 1)[()]


def wilson_quantile(mean, size, z):
    """Return the proportion that lies ``z`` of its own standard errors above the observed one.

    Parameters
    ----------
    mean, size : float or array
        Observed proportion in [0, 1] and the number of observations behind it.
    z : float or array
        Quantile of the standard normal distribution; of 0 comes the mean itself.

    Returns
    -------
    float or array, in [0, 1]
        Rising with ``z``. At -1.96 and 1.96, the ends of Wilson's 95 % interval; over all z, the distribution of
        confidence (Schweder and Hjort 2002) whose quantiles are the ends of Wilson's intervals of every level.
    """
    mean, z = np.asarray(mean, dtype=float), np.asarray(z, dtype=float)
    factor = z**2 / size
    centre = (mean + factor / 2) / (1 + factor)
    half = np.sqrt(factor * mean * (1 - mean) + factor**2 / 4) / (1 + factor)
    # Rounding may push a value past the mean where they coincide (mean 0 or 1).
    return np.where(z < 0, np.clip(centre - half, 0, mean), np.clip(centre + half, mean, 1))[()]
