"""What decoder-only language models are made of: each term with its parameters and its FLOPs per token.

Two FLOPs per multiply-add, so a matmul of m x k by k x n is 2mnk; :mod:`paretoscope.flops` lists what is left out.
A term's FLOPs for one token have a part that doesn't depend on the context and a part for each key attended
(:class:`Work`), so a whole completion has a closed form: only the number of attended keys must be summed
(:class:`Causal`, :class:`SlidingWindow`).

Symbols: d hidden size, h heads, k key-value heads, c head size, f FFN size, E experts, V vocabulary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..errors import InputError


@dataclass(frozen=True, slots=True)
class Causal:
    """Causal mask: token i (1-based) attends i keys, itself included."""

    def attended_keys(self, tokens):
        """Return the keys that tokens 1 to ``tokens`` attend in all: n(n + 1) / 2."""
        return tokens * (tokens + 1) // 2

    def kept_tokens(self, tokens: int) -> int:
        """Return of how many tokens the cache must hold keys and values once ``tokens`` were fed: all."""
        return tokens


@dataclass(frozen=True, slots=True)
class SlidingWindow:
    """Causal mask over the last ``size`` tokens: token i attends min(i, size) keys (arXiv 2310.06825, section 2)."""

    size: int

    def attended_keys(self, tokens):
        """Return the keys that tokens 1 to ``tokens`` attend in all."""
        filling = np.minimum(tokens, self.size)
        return filling * (filling + 1) // 2 + (tokens - filling) * self.size

    def kept_tokens(self, tokens: int) -> int:
        """Return of how many tokens the cache must hold keys and values once ``tokens`` were fed: the last ``size``."""
        return min(tokens, self.size)


@dataclass(frozen=True, slots=True)
class Chunks:
    """Causal mask within chunks of ``size`` tokens: token i attends (i - 1) mod size + 1 keys (Llama 4)."""

    size: int

    def attended_keys(self, tokens):
        """Return the keys that tokens 1 to ``tokens`` attend in all."""
        full, rest = tokens // self.size, tokens % self.size
        return full * (self.size * (self.size + 1) // 2) + rest * (rest + 1) // 2

    def kept_tokens(self, tokens: int) -> int:
        """Return of how many tokens the cache must hold keys and values: a chunk's at most."""
        return min(tokens, self.size)


@dataclass(frozen=True, slots=True)
class Selected:
    """Sparse mask: ``size`` blocks of ``block`` tokens, a token's own block among them, selected for each token anew.

    Token i attends the whole past until that is longer than the selection, then size - 1 full blocks and its own up to
    itself. With blocks of one token that is min(i, size) keys (arXiv 2512.02556, section 2.1).
    """

    size: int
    block: int = 1

    def attended_keys(self, tokens):
        """Return the keys that tokens 1 to ``tokens`` attend in all."""
        filling = np.minimum(tokens, self.size * self.block)
        beyond = tokens - filling
        own_blocks = Chunks(self.block).attended_keys(beyond)
        return filling * (filling + 1) // 2 + beyond * ((self.size - 1) * self.block) + own_blocks

    def kept_tokens(self, tokens: int) -> int:
        """Return of how many tokens the cache must hold keys and values: all, since any may be selected."""
        return tokens


@dataclass(frozen=True, slots=True)
class Compressed:
    """Mask over entries that stand for ``rate`` tokens each: token i attends the i // rate entries that are complete.

    With ``selected``, that many of them at most.
    """

    rate: int
    selected: int | None = None

    def attended_keys(self, tokens):
        """Return the entries that tokens 1 to ``tokens`` attend in all."""
        filling = tokens if self.selected is None else np.minimum(tokens, self.selected * self.rate)
        entries, rest = filling // self.rate, filling % self.rate
        complete = self.rate * (entries * (entries - 1) // 2) + entries * (rest + 1)
        return complete + (tokens - filling) * (self.selected or 0)

    def kept_tokens(self, tokens: int) -> int:
        """Return how many entries the cache must hold."""
        return tokens // self.rate


Mask = Causal | SlidingWindow | Chunks | Selected | Compressed


@dataclass(frozen=True, slots=True)
class Work:
    """FLOPs of a term for one token: ``token`` whatever the context, and ``key`` for each key that ``mask`` lets in."""

    token: int = 0
    key: int = 0
    mask: Mask = Causal()


@dataclass(frozen=True, slots=True)
class Cache:
    """What a term keeps of a sequence: ``token`` elements for each token that ``mask`` keeps, and a constant state."""

    token: int = 0
    mask: Mask = Causal()
    state_bytes: int = 0
    """Bytes of a recurrent state, whatever the sequence's length, in the precision in which engines hold it (which
    is not that of keys and values: hence bytes)."""


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
        embedding=embedding or _block("embedding", vocabulary * hidden),
        norm=norms(hidden),
        head=vocabulary_head(hidden, vocabulary, tied=tied),
    )


def norms(*widths: int) -> Block:
    """RMSNorm weights, one per channel. FLOPs: left out."""
    return _block("norms", sum(widths))


def vocabulary_head(hidden: int, vocabulary: int, *, tied: bool) -> Block:
    """Logits of one position: 2dV FLOPs, dV parameters (none when tied). Left out: soft-capping, softmax, sampling."""
    weights = 0 if tied else hidden * vocabulary
    return _block("vocabulary head", weights, Work(2 * hidden * vocabulary), linear=weights)


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
    return _block(
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
    mask = mask or (SlidingWindow(window) if window else Causal())
    cache = Cache(token=cached * kv_heads * (both if value_cached else head_size), mask=mask)
    return _block("attention", sinks * heads, Work(key=2 * heads * both, mask=mask), cache=cache)


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
    return _block("attention projections", weights + biases, Work(2 * weights), linear=weights)


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

    With ``selected`` a token attends that many of the tokens before it (:func:`indexer`), in the absorbed form in
    prefill too, since each query then has keys of its own (arXiv 2512.02556, section 2.1).
    """
    expanded = Work(key=2 * heads * (nope_size + rope_size + value_size))
    absorbed = Work(key=2 * heads * (2 * kv_rank + rope_size))
    if selected:
        expanded = absorbed = Work(key=absorbed.key, mask=Selected(selected))
    return _block("attention", 0, expanded, absorbed, cache=Cache(token=kv_rank + rope_size))


def indexer(hidden: int, query_rank: int, heads: int, head_size: int) -> Block:
    """Scores of all tokens before, by which sparse attention selects: 2h(c + 1) FLOPs per token scored.

    Queries come from the queries' latent, one key per token and one weight per head from the hidden state; a score is
    the weighted sum over heads of query x key. The key is cached, in the cache's precision here (engines store it in 8
    bits).

    Source: arXiv 2512.02556, section 2.1, equation 1. Left out: norm of the key (its weights are counted), rotary
    embedding, ReLU, Hadamard rotation, top-k selection.
    """
    weights = query_rank * heads * head_size + hidden * (head_size + heads)
    work = Work(2 * weights, key=2 * heads * (head_size + 1))
    return _block("indexer", weights + 2 * head_size, work, linear=weights, cache=Cache(token=head_size))


def block_indexer(hidden: int, heads: int, head_size: int) -> Block:
    """Scores of all tokens before, of which the largest of a block selects it: 2hc FLOPs per token scored.

    Queries of h heads and one key per token come from the hidden state; the key is cached. Source: transformers'
    MiniMaxM3VLIndexer. Left out: norms (their weights are counted), rotary embedding, maxima, top-k selection.
    """
    weights = hidden * head_size * (heads + 1)
    work = Work(2 * weights, key=2 * heads * head_size)
    return _block("indexer", weights + 2 * head_size, work, linear=weights, cache=Cache(token=head_size))


def shared_key_projections(
    hidden: int, heads: int, head_size: int, *, rank: int, groups: int, output_rank: int
) -> Block:
    """Projections of DeepSeek-V4: queries through a bottleneck, one head that is key and value, outputs in groups.

    2 FLOPs per weight: queries r(d + hc), the head dc, outputs hc to groups of ``output_rank`` channels each, and these
    to d. Source: transformers' DeepseekV4Attention. Left out: norms (weights: :func:`norms`), rotary embedding.

    Raises
    ------
    InputError
        Heads that can't be shared out among the groups.
    """
    if heads * head_size % groups:
        raise InputError(f"{heads} heads of {head_size} channels can't be shared out among {groups} groups")
    query = rank * (hidden + heads * head_size)
    output = output_rank * (heads * head_size + groups * hidden)
    weights = query + hidden * head_size + output
    return _block("attention projections", weights, Work(2 * weights), linear=weights)


def compressor(hidden: int, head_size: int, rate: int, *, overlapping: bool) -> Block:
    """Compression of ``rate`` tokens into one entry, a gated mean: projections to values and gates, 4dc per token.

    ``overlapping``: each entry takes in the tokens of the one before, by channels of their own, twice as many. Source:
    transformers' DeepseekV4HCACompressor and DeepseekV4CSACompressor. Left out: gated mean, norm, rotary embedding;
    tokens that wait for an entry to be complete, in the cache.
    """
    channels = head_size * (2 if overlapping else 1)
    weights = 2 * hidden * channels
    return _block("compressor", weights + rate * channels + head_size, Work(2 * weights))


def compressed_attention(heads: int, head_size: int, mask: Compressed) -> Block:
    """Scores and weighted sum over compressed entries, keys and values in one: 4hc FLOPs per entry; c cached."""
    return _block("attention", 0, Work(key=4 * heads * head_size, mask=mask), cache=Cache(head_size, mask))


def compressed_indexer(hidden: int, query_rank: int, heads: int, head_size: int, rate: int) -> Block:
    """:func:`indexer` over compressed entries of its own, 2h(c + 1) FLOPs per entry scored; c cached per entry."""
    weights = query_rank * heads * head_size + hidden * heads
    entries = compressor(hidden, head_size, rate, overlapping=True)
    mask = Compressed(rate)
    work = Work(2 * weights + entries.prefill.token, key=2 * heads * (head_size + 1), mask=mask)
    return _block("indexer", weights + entries.parameters, work, linear=weights, cache=Cache(head_size, mask))


def hyper_connection(hidden: int, streams: int) -> Block:
    """A block's reading from and writing to n residual streams: 2nd(n^2 + 2n) + 2dn^2 FLOPs per token.

    All streams together give the weights by which they are read, written and mixed; the mixing is a matmul of n x n.
    Source: arXiv 2512.24880; transformers' DeepseekV4HyperConnection. Left out: norm, Sinkhorn iterations, weighted
    sums of streams.
    """
    outputs = streams * (streams + 2)
    weights = outputs * streams * hidden
    return _block("hyper-connections", weights + outputs + 3, Work(2 * weights + 2 * hidden * streams * streams))


def hyper_head(hidden: int, streams: int) -> Block:
    """The merging of the streams after the last layer: 2dn^2 FLOPs per token. Source: as :func:`hyper_connection`."""
    weights = streams * streams * hidden
    return _block("hyper-connections", weights + streams + 1, Work(2 * weights))


def gated_ffn(hidden: int, intermediate: int, *, bias: bool = False, name: str = "feed-forward") -> Block:
    """Gate, up and down projections: 6df FLOPs, 3df parameters.

    Source: arXiv 2002.05202, equation 6. Left out: activation, elementwise product, additions of biases.
    """
    weights = 3 * hidden * intermediate
    return _block(name, weights + bias * (2 * intermediate + hidden), Work(2 * weights), linear=weights)


def router(hidden: int, experts: int, *, bias: bool = False) -> Block:
    """Scores of all experts: 2dE FLOPs, dE parameters (E more for a correction bias).

    Source: arXiv 1701.06538, section 2.1. Left out: sigmoid or softmax, top-k and group selection, expert weighting.
    """
    weights = hidden * experts
    return _block("router", weights + bias * experts, Work(2 * weights), linear=weights)


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
    return _block(ffn.name, weights, Work(2 * weights), linear=ffn.linear_parameters)


def per_layer_embedding(vocabulary: int, hidden: int, layers: int, table: int, size: int) -> Block:
    """Embedding with a second table, of ``table`` rows, that gives each token ``size`` channels for each layer.

    To them the projected embedding, d x layers * size, is added after a norm of ``size``. Source: transformers'
    Gemma4TextModel. Left out: look-up, norm, addition.
    """
    projection = hidden * layers * size
    return _block("embedding", vocabulary * hidden + table * layers * size + projection + size, Work(2 * projection))


def per_layer_inputs(hidden: int, size: int) -> Block:
    """A layer's use of its channels of :func:`per_layer_embedding`: gate d x size, projection back, norm of d.

    Source: transformers' Gemma4TextDecoderLayer. Left out: norm, activation, elementwise product.
    """
    weights = 2 * hidden * size
    return _block("per-layer inputs", weights + hidden, Work(2 * weights), linear=weights)


def _block(
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
