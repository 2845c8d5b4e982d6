"""Language model of MiniMax-M3 as transformers saves it: ``layer_types`` and ``index_`` keys in place of nested ones.

Source: https://github.com/MiniMax-AI/MiniMax-M3; config keys as transformers' MiniMaxM3VLTextConfig.
Left out: as in MiniMax-M3; also the vision tower.
"""

from ..blocks import Architecture
from ..families import minimax_m3


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return minimax_m3(config)
