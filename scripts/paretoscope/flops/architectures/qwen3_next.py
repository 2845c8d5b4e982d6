"""Qwen3-Next: gated DeltaNet and gated attention in turn, routed experts and a gated shared one in every layer.

A layer has a dense FFN where ``mlp_only_layers`` names it or ``decoder_sparse_step`` skips it (none in the releases).

Source: arXiv 2412.06464, section 3 (gated DeltaNet); arXiv 2505.06708, section 2 (gate of attention); config keys
and shapes as transformers' Qwen3NextConfig and model.
Left out: the multi-token-prediction module.
"""

from ..blocks import Architecture, decoder
from ..hybrids import qwen_experts, qwen_ffn, qwen_mixers


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    sparse, dense = qwen_experts(config), qwen_ffn(config)
    return decoder(
        config.model_type,
        [
            (*mixer, *(sparse if is_sparse else dense))
            for mixer, is_sparse in zip(qwen_mixers(config), config.sparse_layers(), strict=True)
        ],
        hidden=config.size("hidden_size"),
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
