"""What decoder-only language models are made of: each term with its parameters and its FLOPs per token.

Two FLOPs per multiply-add, so a matmul of m x k by k x n is 2mnk; :mod:`paretoscope.flops` lists what is left out.
A term's FLOPs for one token have a part that doesn't depend on the context and a part for each key attended
(:class:`Work`), so a whole completion has a closed form: only the number of attended keys must be summed
(:mod:`paretoscope.flops.masks`).

Symbols: d hidden size, h heads, k key-value heads, c head size, f FFN size, E experts, V vocabulary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import InputError
from .masks import FULL, Mask, Selected, SlidingWindow


@dataclass(frozen=True, slots=True)
class Work:
    """FLOPs of a term for one token: ``token`` whatever the context, and ``key`` for each key that ``mask`` lets in."""

    token: int = 0
    key: int = 0
    mask: Mask = FULL


@dataclass(frozen=True, slots=True)
class Cache:
    """What a term keeps of a sequence: ``token`` elements for each token that ``mask`` keeps, and a constant state."""

    token: int = 0
    mask: Mask = FULL
    state_bytes: int = 0
    """Bytes of a recurrent state, whatever the sequence's length, in the precision in which engines hold it (which
    is not that of keys and values: hence bytes)."""
    shared: int = 0
    """Elements per attended key that are read from another layer's cache."""


@dataclass(frozen=True, slots=True)
class Block:
    """One term of a model: its weights, the work of one token in prefill and in decode, what it keeps in the cache."""

    name: str
    """Component that it is reported under; terms of one name are summed."""
    parameters: int
    active_parameters: int
    """Weights that one token uses."""
    prefill: Work
    decode: Work
    linear_parameters: int = 0
    """Weights of linear layers, those that quantisation schemes are for; norms and biases thus left out."""
    cache: Cache = Cache()


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameter counts."""

    total: int
    active: int
    """Weights that one token uses: all but the experts it isn't routed to; the embedding table counts whole."""
    embedding: int
    """Input embedding, and the vocabulary head where that is a matrix of its own."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """A decoder-only language model: layers grouped by shape between the embedding and the vocabulary head."""

    model_type: str
    layers: tuple[tuple[int, tuple[Block, ...]], ...]
    """(number of layers, their blocks) for each shape of layer."""
    embedding: Block
    norm: Block
    head: Block

    @property
    def body(self) -> tuple[tuple[int, Block], ...]:
        """(times it occurs, block) for all that every token passes, the vocabulary head thus left out."""
        inner = ((count, block) for count, blocks in self.layers for block in blocks)
        return ((1, self.embedding), *inner, (1, self.norm))

    @property
    def parameters(self) -> Parameters:
        """Total, active and embedding parameters."""
        counted = (*self.body, (1, self.head))
        return Parameters(
            total=sum(count * block.parameters for count, block in counted),
            active=sum(count * block.active_parameters for count, block in counted),
            embedding=self.embedding.parameters + self.head.parameters,
        )


def decoder(
    model_type: str,
    layers: Iterable[tuple[Block, ...]],
    *,
    hidden: int,
    vocabulary: int,
    tied: bool,
    embedding: Block | None = None,
) -> Architecture:
    """Return a decoder: embedding, layers, final norm, vocabulary head.

    Parameters
    ----------
    model_type : str
        As in ``config.json``.
    layers : iterable of tuple of Block
        The blocks of each layer; layers of the same blocks are grouped.
    hidden, vocabulary : int
        d and V.
    tied : bool
        The head reuses the embedding table: it then has no parameters of its own, and the same FLOPs.
    embedding : Block or None
        Where it is more than one table of V x d.
    """
    return Architecture(
        model_type=model_type,
        layers=tuple((count, blocks) for blocks, count in Counter(layers).items()),
        embedding=embedding or dense_block("embedding", vocabulary * hidden),
        norm=norms(hidden),
        head=vocabulary_head(hidden, vocabulary, tied=tied),
    )


def norms(*widths: int) -> Block:
    """RMSNorm weights, one per channel. FLOPs: left out."""
    return dense_block("norms", sum(widths))


def vocabulary_head(hidden: int, vocabulary: int, *, tied: bool) -> Block:
    """Logits of one position: 2dV FLOPs, dV parameters (none when tied). Left out: soft-capping, softmax, sampling."""
    weights = 0 if tied else hidden * vocabulary
    return dense_block("vocabulary head", weights, Work(2 * hidden * vocabulary), linear=weights)


def attention_projections(
    hidden: int,
    heads: int,
    kv_heads: int,
    head_size: int,
    *,
    value_size: int | None = None,
    keys: bool = True,
    values: bool = True,
    qkv_bias: bool = False,
    output_bias: bool = False,
) -> Block:
    """Query, key, value and output projections of grouped-query attention: 2dc(2h + 2k) FLOPs.

    Source: arXiv 2305.13245 (GQA): queries and output have h heads, keys and values k. Left out: rotary embedding,
    norms of queries and keys (their weights: :func:`norms`), additions of biases.

    Parameters
    ----------
    hidden, heads, kv_heads, head_size : int
        d, h, k and c.
    value_size : int or None
        Head size of values and output where it isn't c.
    keys, values : bool
        False where they are another layer's (cross-layer sharing, arXiv 2405.12981), or the values are the keys.
    qkv_bias, output_bias : bool
        Biases of the projections that there are.
    """
    value_size = value_size or head_size
    inward = heads * head_size + kv_heads * (keys * head_size + values * value_size)
    weights = hidden * (inward + heads * value_size)
    return dense_block(
        "attention projections", weights + qkv_bias * inward + output_bias * hidden, Work(2 * weights), linear=weights
    )


def attention(
    heads: int,
    kv_heads: int,
    head_size: int,
    window: int | None = None,
    *,
    value_size: int | None = None,
    mask: Mask | None = None,
    sinks: bool = False,
    cached: bool = True,
    value_cached: bool = True,
) -> Block:
    """Scores (query x key) and weighted sum of the values: 4hc FLOPs per attended key; 2kc cached elements per token.

    Source: arXiv 1706.03762, equation 1; arXiv 2305.13245 for the cache. Key-value heads don't enter the FLOPs: every
    query head attends. Left out: scaling, soft-capping, masking and softmax.

    Parameters
    ----------
    heads, kv_heads, head_size : int
        h, k and c.
    window : int or None
        Keys attended at most; None for all before.
    value_size : int or None
        Head size of the values where it isn't c.
    mask : Mask or None
        Another mask than a window's.
    sinks : bool
        One learned logit per head in the softmax (arXiv 2309.17453): h parameters, no matmul.
    cached, value_cached : bool
        False where keys and values are another layer's, or values are the cached keys.
    """
    both = head_size + (value_size or head_size)
    mask = mask or (SlidingWindow(window) if window else FULL)
    elements = kv_heads * (both if value_cached else head_size)
    cache = Cache(token=elements, mask=mask) if cached else Cache(shared=elements)
    return dense_block("attention", sinks * heads, Work(key=2 * heads * both, mask=mask), cache=cache)


def latent_projections(
    hidden: int,
    heads: int,
    *,
    query_rank: int | None,
    kv_rank: int,
    nope_size: int,
    rope_size: int,
    value_size: int,
    bias: bool = False,
) -> Block:
    """Projections of multi-head latent attention (MLA): 2 FLOPs per weight and token, in prefill and in decode.

    Source: arXiv 2405.04434, section 2.1 and appendix C. Queries go through a bottleneck of ``query_rank`` (directly
    when None), keys and values through one of ``kv_rank`` that is cached beside ``rope_size`` shared rotary channels.
    The up-projection of the latent, ``kv_rank`` x h(nope + value), is applied to the new token's latent in prefill; in
    decode its key half is applied to the query and its value half to the output (absorption), the same count of FLOPs.
    Left out: rotary embedding, norms of the two latents (weights: :func:`norms`), additions of biases.
    """
    query_width = heads * (nope_size + rope_size)
    query = query_rank * (hidden + query_width) if query_rank else hidden * query_width
    down = hidden * (kv_rank + rope_size)
    up = kv_rank * heads * (nope_size + value_size)
    output = heads * value_size * hidden
    weights = query + down + up + output
    biases = bias * ((query_rank or 0) + kv_rank + rope_size + hidden)
    return dense_block("attention projections", weights + biases, Work(2 * weights), linear=weights)


def latent_attention(
    heads: int, *, kv_rank: int, nope_size: int, rope_size: int, value_size: int, selected: int | None = None
) -> Block:
    """Scores and weighted sum of MLA, in the forms that are served.

    Prefill, keys and values expanded per head (multi-head form): 2h(nope + rope + value) FLOPs per attended key.
    Decode, attention over the cached latent itself (absorbed, multi-query form): 2h(kv_rank + rope + kv_rank) per key.

    Source: arXiv 2405.04434, section 2.1.2 (absorption). Serving engines expand for prefill, where compute is the
    limit, and absorb for decode, where reading the cache is (vLLM, ``v1/attention/backends/mla/common.py``, module
    docstring). Cached per token: the latent and the rotary key, shared by all heads. Left out: re-expanding a cached
    prefix (a cached prompt still counts as computed), scaling, softmax.

    With ``selected`` a token attends that many of the tokens before it (:func:`~paretoscope.flops.sparse.indexer`), in
    the absorbed form in prefill too, since each query then has keys of its own (arXiv 2512.02556, section 2.1).
    """
    expanded = Work(key=2 * heads * (nope_size + rope_size + value_size))
    absorbed = Work(key=2 * heads * (2 * kv_rank + rope_size))
    if selected:
        expanded = absorbed = Work(key=absorbed.key, mask=Selected(selected))
    return dense_block("attention", 0, expanded, absorbed, cache=Cache(token=kv_rank + rope_size))


def gated_ffn(hidden: int, intermediate: int, *, bias: bool = False, name: str = "feed-forward") -> Block:
    """Gate, up and down projections: 6df FLOPs, 3df parameters.

    Source: arXiv 2002.05202, equation 6. Left out: activation, elementwise product, additions of biases.
    """
    weights = 3 * hidden * intermediate
    return dense_block(name, weights + bias * (2 * intermediate + hidden), Work(2 * weights), linear=weights)


def router(hidden: int, experts: int, *, bias: bool = False) -> Block:
    """Scores of all experts: 2dE FLOPs, dE parameters (E more for a correction bias).

    Source: arXiv 1701.06538, section 2.1. Left out: sigmoid or softmax, top-k and group selection, expert weighting.
    """
    weights = hidden * experts
    return dense_block("router", weights + bias * experts, Work(2 * weights), linear=weights)


def routed_experts(hidden: int, intermediate: int, experts: int, top_k: int, *, bias: bool = False) -> Block:
    """Gated FFNs of which a token uses ``top_k``: 6df top_k FLOPs; 3df E parameters, 3df top_k active.

    Source: arXiv 1701.06538. Exactly ``top_k`` experts per token: no dropped tokens, no padding to a capacity.

    Raises
    ------
    InputError
        More experts per token than there are.
    """
    if top_k > experts:
        raise InputError(f"{top_k} experts per token of {experts} experts: a token can't use more than there are")
    expert = gated_ffn(hidden, intermediate, bias=bias)
    work = Work(top_k * expert.prefill.token)
    weights = experts * expert.linear_parameters
    return Block("experts", experts * expert.parameters, top_k * expert.parameters, work, work, weights)


def shared_experts(hidden: int, intermediate: int, *, gate: bool = False) -> Block:
    """Experts that every token uses (arXiv 2401.06066, section 3.2): a gated FFN of their summed size.

    ``gate`` : one more weight per channel, whose product with the token scales the output (Qwen2-MoE): 2d FLOPs.
    """
    ffn = gated_ffn(hidden, intermediate, name="shared experts")
    weights = ffn.parameters + gate * hidden
    return dense_block(ffn.name, weights, Work(2 * weights), linear=ffn.linear_parameters)


def per_layer_embedding(vocabulary: int, hidden: int, layers: int, table: int, size: int) -> Block:
    """Embedding with a second table, of ``table`` rows, that gives each token ``size`` channels for each layer.

    To them the projected embedding, d x layers * size, is added after a norm of ``size``. Source: transformers'
    Gemma4TextModel. Left out: look-up, norm, addition.
    """
    projection = hidden * layers * size
    return dense_block(
        "embedding", vocabulary * hidden + table * layers * size + projection + size, Work(2 * projection)
    )


def per_layer_inputs(hidden: int, size: int) -> Block:
    """A layer's use of its channels of :func:`per_layer_embedding`: gate d x size, projection back, norm of d.

    Source: transformers' Gemma4TextDecoderLayer. Left out: norm, activation, elementwise product.
    """
    weights = 2 * hidden * size
    return dense_block("per-layer inputs", weights + hidden, Work(2 * weights), linear=weights)


def dense_block(
    name: str,
    parameters: int,
    prefill: Work = Work(),
    decode: Work | None = None,
    *,
    linear: int = 0,
    cache: Cache = Cache(),
) -> Block:
    """Return a block whose weights are all active; decode work is that of prefill unless given."""
    return Block(name, parameters, parameters, prefill, decode or prefill, linear, cache)
