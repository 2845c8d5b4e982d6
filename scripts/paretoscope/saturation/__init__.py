"""Saturation: where more thinking, more votes or more compute stop paying, and whether the data can tell.

- :mod:`.curves`: accuracy within a token or FLOP budget, from completions as they are;
- :mod:`.forced`: the same where the answer is asked for at the budget;
- :mod:`.budgets`: the budget that is enough, read off the curve;
- :mod:`.fits`: saturating curves by maximum likelihood, compared with other forms, and their saturation point;
- :mod:`.votes`: majority vote over k samples;
- :mod:`.across`: accuracy against compute over models.
"""

from .across import across_models
from .budgets import saturation_budgets, with_intervals
from .curves import budget_grid, known_cells, stopped_curves
from .fits import fits
from .forced import forced_curves
from .tables import ACROSS, BUDGETS, CURVES, FITS, VOTES
from .votes import votes

__all__ = [
    "ACROSS",
    "BUDGETS",
    "CURVES",
    "FITS",
    "VOTES",
    "across_models",
    "budget_grid",
    "fits",
    "forced_curves",
    "known_cells",
    "saturation_budgets",
    "stopped_curves",
    "votes",
    "with_intervals",
]
