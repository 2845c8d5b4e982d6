"""gpt-oss: sliding-window and full attention in turn (the first layer slides), a sink per head, routed experts alone.

A sink is a logit beside the scores that takes part in the softmax and in nothing else: weights, no matmul. Attention,
router and experts have biases. The experts' size stands in ``intermediate_size``, the experts' number in
``num_local_experts``.

Source: arXiv 2508.10925, section 2; config keys as transformers' GptOssConfig.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, norms, routed_experts, router


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    layers = config.size("num_hidden_layers")
    heads, kv_heads, head_size = config.attention_heads(head_size_required=True)
    experts = config.size("num_local_experts", "num_experts")
    bias = config.flag("attention_bias", default=True)
    size, top_k = config.size("intermediate_size"), config.size("num_experts_per_tok", "experts_per_token")
    before = (
        norms(hidden, hidden),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias),
    )
    after = (router(hidden, experts, bias=True), routed_experts(hidden, size, experts, top_k, bias=True))
    windows = config.windows([index % 2 == 0 for index in range(layers)])
    return decoder(
        config.model_type,
        [(*before, attention(heads, kv_heads, head_size, window, sinks=True), *after) for window in windows],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
