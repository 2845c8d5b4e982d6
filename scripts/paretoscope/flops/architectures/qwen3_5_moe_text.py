"""Qwen3.5 mixture of experts, its language part: Qwen3.5's layers with routed experts and a gated shared one.

Every layer is sparse: ``mlp_only_layers`` is empty in all releases, and naming a layer is refused.

Source: arXiv 2412.06464, section 3 (gated DeltaNet); arXiv 2505.06708, section 2 (gate of attention); config keys
and shapes as transformers' Qwen3_5MoeTextConfig and model.
Left out: the multi-token-prediction module (``mtp_num_hidden_layers``).
"""

from ..blocks import Architecture, decoder
from ..hybrids import qwen_experts, qwen_mixers


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    if config.integers("mlp_only_layers"):
        raise config.error("'mlp_only_layers' must be empty: all layers of this model type have experts")
    sparse = qwen_experts(config)
    return decoder(
        config.model_type,
        [(*mixer, *sparse) for mixer in qwen_mixers(config)],
        hidden=config.size("hidden_size"),
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
