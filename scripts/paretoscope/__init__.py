"""Compute-accuracy Pareto frontiers of open-source reasoning LLMs: the library behind the workflow."""

__version__ = "0.1.0"
