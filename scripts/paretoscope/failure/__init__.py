"""Cost of failure: what is spent on answers that are not correct, and what a correct answer costs in the end."""

from .cells import cost_of_failure
from .counterfactual import counterfactuals
from .tables import CELLS, CHEAPEST, COUNTERFACTUALS

__all__ = ["CELLS", "CHEAPEST", "COUNTERFACTUALS", "cost_of_failure", "counterfactuals"]
