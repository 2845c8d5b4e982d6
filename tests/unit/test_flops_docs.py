"""The tables of docs/flops.md against what the code computes."""

from pathlib import Path

import pytest

from paretoscope import flops
from paretoscope.cards import read_yaml
from paretoscope.catalog import CATALOG
from paretoscope.devices import load_device
from paretoscope.flops.masks import FULL, Chunks, SlidingWindow
from paretoscope.roofline import least_seconds, phases

TEXT = (Path(__file__).parents[2] / "docs" / "flops.md").read_text(encoding="utf-8")
MODELS = (
    *("qwen3-8b", "llama-3.1-8b-instruct", "phi-4", "gemma-3-1b-it", "gemma-3-27b-it"),
    *("qwen3-30b-a3b-thinking-2507", "gpt-oss-20b", "deepseek-r1", "nemotron-nano-9b-v2"),
)
BATCHES = (1, 16, 64, 256)


def config_of(model: str) -> dict:
    return read_yaml(CATALOG / "models" / f"{model}.yaml")["architecture"]


def share(part: float) -> str:
    return f"{100 * part:.2f} %"


def without_windows(architecture, prompt: int, end: int) -> int:
    """FLOPs that attention over all tokens would add in layers with a window."""
    return sum(
        count * work.key * sum(sign * (FULL.attended_keys(n) - work.mask.attended_keys(n)) for n, sign in steps)
        for count, block in architecture.body
        for work, steps in ((block.prefill, [(prompt, 1)]), (block.decode, [(end, 1), (prompt, -1)]))
        if work.key and isinstance(work.mask, SlidingWindow | Chunks)
    )


def conventions():
    for prompt, completion in ((200, 300), (200, 8000)):
        for model in MODELS:
            architecture = flops.describe(config_of(model))
            exact, paper = (
                sum(flops.completion_flops(architecture, prompt, completion, convention=name))
                for name in ("exact", "paper")
            )
            head = (prompt - 1) * architecture.head.prefill.token
            last = flops.decode_flops(architecture, prompt + completion)
            assert paper == pytest.approx(exact + head + last, rel=1e-12)
            masked = sum(
                count * block.prefill.key * (prompt**2 - block.prefill.mask.attended_keys(prompt))
                for count, block in architecture.body
            )
            windows = without_windows(architecture, prompt, prompt + completion - 1)
            rule = 2 * architecture.parameters.active * (prompt + completion)
            yield (
                *(model, f"{prompt} + {completion:,}", f"{exact:.3e}", f"{paper / exact:.4f}"),
                *(share(head / exact), share(last / exact), share(masked / exact), share(windows / exact)),
                f"{rule / exact:.3f}",
            )


def bounds():
    device = load_device("h100-80gb")
    for model in MODELS:
        config = config_of(model)
        architecture = flops.describe(config)
        peak = device.peak_flops("bfloat16", flops.quantisation_method(config))
        cells = []
        for batch in BATCHES:
            prefill, decode = phases(
                *(architecture, config, 200, 8000),
                flops_per_second=peak,
                bytes_per_second=device.bandwidth_bytes_per_second,
                batch=batch,
            )
            assert (decode.limit, batch == 1 and prefill.limit) == ("memory", batch == 1 and "memory")
            cells.append(f"{least_seconds(prefill, decode):.3g} ({decode.intensity:.3g})")
        yield (
            model,
            f"{flops.weight_bytes(architecture, config) / 1e9:.4g}",
            f"{flops.kv_bytes_per_token(architecture):,}",
            *cells,
        )


CONVENTIONS, BOUNDS = [*conventions()], [*bounds()]


@pytest.mark.parametrize("row", [*CONVENTIONS, *BOUNDS], ids=lambda row: " ".join(row[:2]))
def test_a_row_is_as_computed(row):
    assert f"| {' | '.join(row)} |" in TEXT.splitlines()


def test_no_row_of_a_model_is_left_from_before():
    models = [line for line in TEXT.splitlines() if line.startswith(tuple(f"| {model} |" for model in MODELS))]
    assert len(models) == len(CONVENTIONS) + len(BOUNDS)


def test_the_prose_says_what_the_tables_say():
    text = " ".join(TEXT.split())
    short, long = CONVENTIONS[: len(MODELS)], CONVENTIONS[len(MODELS) :]
    head, windows = (max(float(row[place].split()[0]) for row in rows) for place, rows in ((4, short), (7, long)))
    assert f"windows (up to {windows:.0f} %)" in text and f"all prompt tokens makes up to {head:.0f} %" in text
    rule = [float(row[-1]) for row in CONVENTIONS]
    assert 0.5 <= min(rule) < 0.55 and "off by up to a half" in text
    assert f"by {100 * (max(rule) - 1):.0f} % the other way" in text
    device = load_device("h100-80gb")
    wide, narrow = (
        device.flops_per_second[precision] / device.bandwidth_bytes_per_second for precision in ("bfloat16", "float8")
    )
    assert f"from {wide:.0f} FLOPs per byte on, {narrow:.0f} in 8 bits" in text
