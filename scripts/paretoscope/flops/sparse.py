"""Terms of sparse and compressed attention, and of residual streams.

For DeepSeek-V3.2 and V4, GLM-5, MiniMax-M3 and Kimi K3.

Conventions and symbols as in :mod:`paretoscope.flops.blocks`.
"""

from __future__ import annotations

from ..errors import InputError
from .blocks import Block, Cache, Work, dense_block
from .masks import Compressed


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
    return dense_block("indexer", weights + 2 * head_size, work, linear=weights, cache=Cache(token=head_size))


def block_indexer(hidden: int, heads: int, head_size: int) -> Block:
    """Scores of all tokens before, of which the largest of a block selects it: 2hc FLOPs per token scored.

    Queries of h heads and one key per token come from the hidden state; the key is cached. Source: transformers'
    MiniMaxM3VLIndexer. Left out: norms (their weights are counted), rotary embedding, maxima, top-k selection.
    """
    weights = hidden * head_size * (heads + 1)
    work = Work(2 * weights, key=2 * heads * head_size)
    return dense_block("indexer", weights + 2 * head_size, work, linear=weights, cache=Cache(token=head_size))


def shared_key_projections(
    hidden: int, heads: int, head_size: int, *, rank: int, groups: int, output_rank: int
) -> Block:
    """Projections of DeepSeek-V4: queries through a bottleneck, one head that is key and value, outputs in groups.

    2 FLOPs per weight: queries r(d + hc), the head dc, outputs hc to groups of ``output_rank`` channels each, and these
    to d. Source: transformers' DeepseekV4Attention. Left out: norms, rotary embedding.

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
    return dense_block("attention projections", weights, Work(2 * weights), linear=weights)


def compressor(hidden: int, head_size: int, rate: int, *, overlapping: bool) -> Block:
    """Compression of ``rate`` tokens into one entry, a gated mean: projections to values and gates, 4dc per token.

    ``overlapping``: each entry takes in the tokens of the one before, by channels of their own, twice as many. Source:
    transformers' DeepseekV4HCACompressor and DeepseekV4CSACompressor. Left out: gated mean, norm, rotary embedding;
    tokens that wait for an entry to be complete, in the cache.
    """
    channels = head_size * (2 if overlapping else 1)
    weights = 2 * hidden * channels
    return dense_block("compressor", weights + rate * channels + head_size, Work(2 * weights))


def compressed_attention(heads: int, head_size: int, mask: Compressed) -> Block:
    """Scores and weighted sum over compressed entries, keys and values in one: 4hc FLOPs per entry; c cached."""
    return dense_block("attention", 0, Work(key=4 * heads * head_size, mask=mask), cache=Cache(head_size, mask))


def compressed_indexer(hidden: int, query_rank: int, heads: int, head_size: int, rate: int) -> Block:
    """:func:`indexer` over compressed entries of its own, 2h(c + 1) FLOPs per entry scored; c cached per entry."""
    weights = query_rank * heads * head_size + hidden * heads
    entries = compressor(hidden, head_size, rate, overlapping=True)
    mask = Compressed(rate)
    work = Work(2 * weights + entries.prefill.token, key=2 * heads * (head_size + 1), mask=mask)
    return dense_block("indexer", weights + entries.parameters, work, linear=weights, cache=Cache(head_size, mask))


def hyper_connection(hidden: int, streams: int) -> Block:
    """A block's reading from and writing to n residual streams: 2nd(n^2 + 2n) + 2dn^2 FLOPs per token.

    All streams together give the weights by which they are read, written and mixed; the mixing is a matmul of n x n.
    Source: arXiv 2512.24880; transformers' DeepseekV4HyperConnection. Left out: norm, Sinkhorn iterations, weighted
    sums of streams.
    """
    outputs = streams * (streams + 2)
    weights = outputs * streams * hidden
    return dense_block("hyper-connections", weights + outputs + 3, Work(2 * weights + 2 * hidden * streams * streams))


def hyper_head(hidden: int, streams: int) -> Block:
    """The merging of the streams after the last layer: 2dn^2 FLOPs per token. Source: as :func:`hyper_connection`."""
    weights = streams * streams * hidden
    return dense_block("hyper-connections", weights + streams + 1, Work(2 * weights))


def residual_attention(hidden: int, *rows: int) -> Block:
    """Attention over what earlier blocks of layers left in the residual stream: 4d FLOPs per row attended.

    A row is the stream as a block began, or what the current block has added since; its score is the product of the
    normed row with a vector (2d), and the rows' weighted sum (2d each) goes on. ``rows`` has one entry for each place
    where this is done, each with a norm and a vector of d. Source: arXiv 2603.15031. Left out: norms, softmax.
    """
    return dense_block("residual attention", 2 * hidden * len(rows), Work(4 * hidden * sum(rows)))
