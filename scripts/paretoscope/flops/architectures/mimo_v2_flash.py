"""MiMo-V2-Flash: sliding-window layers with sinks and, each sixth and first, full attention; routed experts alone.

Values have a head size of their own (``v_head_dim``). Sliding layers have ``swa_num_key_value_heads`` key-value heads
(absent: twice as many as full ones). Patterns are read from ``hybrid_layer_pattern`` (1: sliding) and
``moe_layer_freq`` (1: experts), or from ``layer_types`` and ``mlp_layer_types``. ``sliding_window_size``, 128 in the
release, is the tokens attended before a token's own, so windows are of 129: as SGLang serves it (``models/mimo_v2.py``)
and as transformers does, which saves 129 as ``sliding_window``. The release's own ``sliding_window`` is 128 too.

Source: arXiv 2601.02780; config keys as its config.json and transformers' MiMoV2FlashConfig.
Left out: the multi-token-prediction layers.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms
from ..families import deepseek_experts


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    layers = config.size("num_hidden_layers")
    sliding = config.layer_flags("hybrid_layer_pattern", layers)
    default = [index > 0 and (index + 1) % 6 != 0 for index in range(layers)]
    windows = _with_window(config).windows(sliding or default)
    experts, ffn = (
        deepseek_experts(config.with_defaults(n_shared_experts=0), hidden),
        (gated_ffn(hidden, config.size("intermediate_size")),),
    )
    return decoder(
        config.model_type,
        [
            (norms(hidden, hidden), *_attention(config, hidden, window), *(experts if is_sparse else ffn))
            for window, is_sparse in zip(windows, _sparse(config, layers), strict=True)
        ],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def _with_window(config):
    """Return the config with the window that is served as ``sliding_window``."""
    before = config.size("sliding_window_size", default=None)
    if before is None:
        return config
    if config.size("sliding_window", default=before) not in (before, before + 1):
        raise config.error(f"'sliding_window' must be 'sliding_window_size' ({before}), or one more as it is served")
    return config.replaced(sliding_window=before + 1)


def _sparse(config, layers: int) -> list[bool]:
    kinds = config.layer_kinds("mlp_layer_types", names={"dense": "dense", "sparse": "sparse"})
    if kinds:
        return [kind == "sparse" for kind in kinds]
    return config.layer_flags("moe_layer_freq", layers) or [index > 0 for index in range(layers)]


def _attention(config, hidden: int, window: int | None):
    heads, kv_heads, head_size = config.attention_heads(head_size_required=True)
    value_size = config.size("v_head_dim")
    sinks = config.flag("add_full_attention_sink_bias", default=False)
    if window is not None:
        config = config.with_defaults(swa_num_key_value_heads=2 * kv_heads, swa_head_dim=head_size)
        heads = config.size("swa_num_attention_heads", default=heads)
        _, kv_heads, head_size = config.attention_heads(
            kv_heads_key="swa_num_key_value_heads", head_size_key="swa_head_dim"
        )
        value_size = config.size("swa_v_head_dim", default=value_size)
        sinks = config.flag("add_swa_attention_sink_bias", default=True)
    bias = config.flag("attention_bias", default=False)
    return (
        attention_projections(hidden, heads, kv_heads, head_size, value_size=value_size, qkv_bias=bias),
        attention(heads, kv_heads, head_size, window, value_size=value_size, sinks=sinks),
    )
