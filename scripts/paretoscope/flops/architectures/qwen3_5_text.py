"""Qwen3.5, the dense models' language part: gated DeltaNet and gated attention in turn, and a gated FFN.

Source: arXiv 2412.06464, section 3 (gated DeltaNet); arXiv 2505.06708, section 2 (gate of attention); config keys
and shapes as transformers' Qwen3_5TextConfig and model.
Left out: the multi-token-prediction module (``mtp_num_hidden_layers``).
"""

from ..blocks import Architecture, decoder
from ..hybrids import qwen_ffn, qwen_mixers


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    dense = qwen_ffn(config)
    return decoder(
        config.model_type,
        [(*mixer, *dense) for mixer in qwen_mixers(config)],
        hidden=config.size("hidden_size"),
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
