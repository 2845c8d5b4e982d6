"""Falcon-H1: in every layer attention and Mamba-2 heads side by side on the same input, then a gated FFN.

``mamba_d_ssm`` is the width of the Mamba-2 heads together; null means ``mamba_expand`` times the hidden size. Their
output is normed only where ``mamba_rms_norm`` says so.

Source: arXiv 2507.22448, section 2; config keys and shapes as transformers' FalconH1Config and model.
Left out: the multipliers of activations.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms
from ..hybrids import mamba_mixer


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    heads, kv_heads, head_size = config.attention_heads()
    bias = config.flag("attention_bias", default=False)
    layer = (
        norms(hidden, hidden),
        *_mamba(config, hidden),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias),
        attention(heads, kv_heads, head_size),
        gated_ffn(hidden, config.size("intermediate_size"), bias=config.flag("mlp_bias", default=False)),
    )
    return decoder(
        config.model_type,
        [layer] * config.size("num_hidden_layers"),
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def _mamba(config, hidden: int):
    return mamba_mixer(
        config,
        hidden,
        config.nullable_size("mamba_d_ssm") or config.size("mamba_expand") * hidden,
        output_bias=config.flag("projectors_bias", default=False),
        gated_norm=config.flag("mamba_rms_norm", default=False),
    )
