"""Cost of failure: what is spent on answers that are not correct, and what a correct answer costs in the end."""

from .cells import cost_of_failure
from .tables import CELLS, CHEAPEST

__all__ = ["CELLS", "CHEAPEST", "cost_of_failure"]
