"""Figures on made-up studies: small, large and degenerate."""

import inspect
import io
import itertools
import re
import warnings
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from paretoscope import frontier, plugins, saturation, schema, trend
from paretoscope.errors import InputError
from paretoscope.plots import _history, _labels, _panel, _scales, _style
from paretoscope.statistics import wilson_interval

NANO = {  # name: family, kind, type, date, FLOPs on the first level, tokens, skill
    "Nano-Direct-0.1M": ("Nano", "dense", "instruct", "2025-01-15", 1.2e6, 6, 0.07),
    "Nano-Short-0.1M": ("Nano", "dense", "reasoning", "2025-02-15", 8.0e6, 40, 0.2),
    "Nano-Full-0.1M-300": ("Nano", "dense", "reasoning", "2025-03-01", 1.3e7, 60, 0.55),
    "Nano-Full-0.1M-400": ("Nano", "dense", "reasoning", "2025-04-01", 1.3e7, 60, 0.86),
    "Nano-Full-0.1M-750": ("Nano", "dense", "reasoning", "2025-06-01", 1.31e7, 60, 0.985),
    "Nano-Llama-0.3M": ("NanoLlama", "dense", "reasoning", "2025-05-01", 3.5e7, 62, 0.6),
    "Nano-MoE-0.33M-A0.1M": ("NanoMoE", "moe", "reasoning", "2025-07-01", 1.6e7, 61, 0.97),
    "Nano-MoE-Instruct": ("NanoMoE", "moe", "instruct", "2025-07-20", 2.5e6, 9, 0.12),
    "Nano-Recheck-0.1M": ("Nano", "dense", "reasoning", "2025-08-01", 4.1e7, 130, 0.96),
}
NANO_LEVELS = {"easy": ("Easy", 300, 0.0), "medium": ("Medium", 300, 0.7), "hard": ("Hard", 300, 2.0)}
LLMS = {  # name: family, kind, type, date, active parameters, tokens on gsm8k, skill (logit)
    "Gemma-3-1B-it": ("Gemma 3", "dense", "instruct", "2025-03-12", 1.0e9, 300, -2.2),
    "Gemma-3-4B-it": ("Gemma 3", "dense", "instruct", "2025-03-12", 4.3e9, 380, -0.4),
    "Gemma-3-12B-it": ("Gemma 3", "dense", "instruct", "2025-03-12", 12e9, 420, 0.3),
    "Gemma-3-27B-it": ("Gemma 3", "dense", "instruct", "2025-03-12", 27e9, 450, 0.6),
    "Llama-3.1-8B-Instruct": ("Llama 3.1", "dense", "instruct", "2024-07-23", 8e9, 230, -1.2),
    "Llama-3.1-70B-Instruct": ("Llama 3.1", "dense", "instruct", "2024-07-23", 70e9, 250, 0.1),
    "Phi-4": ("Phi-4", "dense", "instruct", "2024-12-12", 14.7e9, 350, 0.4),
    "Phi-4-mini-reasoning": ("Phi-4", "dense", "reasoning", "2025-04-30", 3.8e9, 1800, 0.9),
    "Phi-4-reasoning-plus": ("Phi-4", "dense", "reasoning", "2025-04-30", 14.7e9, 2600, 1.8),
    "Qwen3-0.6B": ("Qwen3", "dense", "reasoning", "2025-04-29", 0.6e9, 1500, -1.0),
    "Qwen3-1.7B": ("Qwen3", "dense", "reasoning", "2025-04-29", 1.7e9, 1700, 0.3),
    "Qwen3-4B-Thinking-2507": ("Qwen3", "dense", "reasoning", "2025-08-06", 4.0e9, 2100, 1.9),
    "Qwen3-8B": ("Qwen3", "dense", "reasoning", "2025-04-29", 8.2e9, 1900, 1.5),
    "Qwen3-14B": ("Qwen3", "dense", "reasoning", "2025-04-29", 14.8e9, 1700, 1.7),
    "Qwen3-30B-A3B-Instruct-2507": ("Qwen3", "moe", "instruct", "2025-07-29", 3.3e9, 600, 1.5),
    "Qwen3-30B-A3B-Thinking-2507": ("Qwen3", "moe", "reasoning", "2025-07-30", 3.3e9, 2200, 2.3),
    "gpt-oss-20b": ("gpt-oss", "moe", "reasoning", "2025-08-05", 3.6e9, 800, 2.0),
    "NVIDIA-Nemotron-Nano-9B-v2": ("Nemotron", "hybrid", "reasoning", "2025-08-18", 8.9e9, 1300, 1.6),
    "NVIDIA-Nemotron-Nano-12B-v2": ("Nemotron", "hybrid", "reasoning", "2025-08-29", 12.3e9, 1250, 1.75),
}
LLM_BENCHMARKS = {  # id: name, items, difficulty (logit), token factor
    "gsm8k": ("GSM8K", 1319, -1.9, 1.0),
    "math500": ("MATH-500", 500, -1.1, 2.5),
    "aime2025": ("AIME 2025", 30, 1.5, 8.0),
    "hmmt_feb_2025": ("HMMT Feb 2025", 30, 2.1, 9.0),
    "gpqa_diamond": ("GPQA Diamond", 198, 1.2, 3.5),
}


def cell(model, facts, benchmark, benchmark_name, n_items, n_samples, accuracy, flops, tokens):
    """One row of the cells table with what the figures read; the rest is empty."""
    family, kind, type_, date = facts[:4]
    se = np.sqrt(accuracy * (1 - accuracy) / max(n_items - 1, 1))
    low, high = wilson_interval(accuracy, se, n_items)
    row = dict.fromkeys(schema.names(schema.CELLS), np.nan)
    return row | {
        "model": model.lower(), "model_name": model, "family": family, "kind": kind, "type": type_,
        "release_date": date, "benchmark": benchmark, "benchmark_name": benchmark_name, "n_items": n_items,
        "n_samples": n_samples, "accuracy": accuracy, "accuracy_se": se, "accuracy_low": low, "accuracy_high": high,
        "total_flops_mean": flops, "total_flops_se": 0.6 * flops / np.sqrt(n_items), "completion_tokens_mean": tokens,
        "seconds_per_completion": 1e-4 * tokens * (1 + len(model) % 5), "device": "A processor",
    }  # fmt: skip


def nano_cells():
    rows = []
    for level, (name, n, hard) in NANO_LEVELS.items():
        for model, facts in NANO.items():
            chance = 1 / (1 + np.exp(-(np.log(facts[6] / (1 - facts[6])) - hard)))
            scale = 1 + 0.25 * hard
            rows.append(
                cell(model, facts, level, name, n, 1, round(chance * n) / n, facts[4] * scale, facts[5] * scale)
            )
        rows.append(cell("oracle", ("controls", "control", "instruct", np.nan), level, name, n, 1, 1.0, np.nan, 9))
    return pd.DataFrame(rows)


def llm_cells():
    rows = []
    for benchmark, (name, n, hard, factor) in LLM_BENCHMARKS.items():
        for i, (model, facts) in enumerate(LLMS.items()):
            skill = facts[6] + 0.25 * np.sin(7 * i + len(benchmark))
            gain = 1.0 if facts[2] == "reasoning" else 0.55
            floor = 0.25 if benchmark == "gpqa_diamond" else 0
            chance = floor + (1 - floor) / (1 + np.exp(-(1.15 * skill + 0.4 - gain * hard * (1.6 - gain))))
            if benchmark == "gsm8k":
                chance = 0.6 + 0.375 / (1 + np.exp(-(1.3 * skill + 1.6)))
            tokens = facts[5] * factor ** (1.0 if facts[2] == "reasoning" else 0.6)
            rows.append(
                cell(
                    model, facts, benchmark, name, n, 1, round(chance * n) / n, 2.2 * facts[4] * (tokens + 150), tokens
                )
            )
    table = pd.DataFrame(rows)
    seconds = 30 * table["seconds_per_completion"]
    return table.assign(
        device="NVIDIA H100 80GB HBM3",
        gpu_seconds_per_completion=seconds,
        energy_joules_per_completion=500 * seconds,
        usd_per_completion=seconds * 2.5 / 3600,
    )


def completions_of(cells, seed=0, cap=None, most_items=200):
    """Completions with log-normal lengths around each cell's mean and about its accuracy."""
    rng = np.random.default_rng(seed)
    tables = []
    for row in cells.to_dict("records"):
        items, samples = min(row["n_items"], most_items), row["n_samples"]
        n = items * samples
        spread = 0.06 if row["completion_tokens_mean"] < 200 else 0.55
        tokens = np.maximum(1, rng.lognormal(np.log(row["completion_tokens_mean"]), spread, n)).astype(int)
        correct = rng.random(n) < row["accuracy"]
        # Wrong answers tend to be the longer ones.
        tokens = np.where(correct, tokens, (1.4 * tokens).astype(int) if spread > 0.1 else tokens)
        verdict = np.where(correct, "correct", "wrong")
        if cap:
            verdict = np.where(tokens >= cap, "truncated", verdict)
            tokens = np.minimum(tokens, cap)
        tables.append(
            pd.DataFrame(
                {
                    "model": row["model"],
                    "benchmark": row["benchmark"],
                    "prompt_tokens": 50,
                    "item_id": np.repeat([f"i{k}" for k in range(items)], samples),
                    "sample": np.tile(np.arange(samples), items),
                    "verdict": verdict,
                    "completion_tokens": pd.array(tokens, dtype="Int64"),
                }
            )
        )
    table = pd.concat(tables, ignore_index=True)
    return table.astype({"model": "category", "benchmark": "category", "verdict": "category"})


def round_trip(table):
    """A table as it comes back from its CSV file."""
    return pd.read_csv(io.StringIO(table.to_csv(index=False)))


def sureness(points):
    """Probabilities and bands as the bootstrap might give them; every other model of a frontier is a toss-up."""
    known = points[points["left_out"].isna() | (points["left_out"] == "")]
    chance = np.where(known["on_frontier"], np.where(np.arange(len(known)) % 2, 0.49, 0.97), 0.02)
    probabilities = known.assign(
        frontier_probability=chance, cost_low=0.9 * known["cost_mean"], cost_high=1.15 * known["cost_mean"]
    )
    bands = [pd.DataFrame({name: [] for name in ("cost", "scope", "cost_at", "accuracy_low", "accuracy_high")})]
    for (cost, scope), rows in known.groupby(["cost", "scope"]):
        grid = np.geomspace(rows["cost_mean"].min(), rows["cost_mean"].max(), 20)
        best = np.array([rows.loc[rows["cost_mean"] <= 1.001 * at, "accuracy"].max() for at in grid])
        ends = {"accuracy_low": 0.95 * best, "accuracy_high": np.minimum(1.02 * best, 1)}
        bands.append(pd.DataFrame({"cost": cost, "scope": scope, "cost_at": grid, **ends}))
    return round_trip(probabilities), round_trip(pd.concat(bands))


def failures(average, repeated):
    """The cost of failure of averages: outcomes in fixed shares, some models with a ratio within items."""
    accuracy = average["accuracy"].fillna(0).to_numpy()
    table = average.assign(wrong_share=1 - accuracy, ratio=1.4, ratio_within=1.2 if repeated else np.nan)
    table["per_correct"] = average["total_flops_mean"] / np.where(accuracy > 0, accuracy, 0.0)
    table["per_correct"] = table["per_correct"].where(accuracy > 0, np.inf)
    for name in ("wrong_share", "ratio", "ratio_within", "per_correct"):
        table = table.assign(**{f"{name}_low": 0.8 * table[name], f"{name}_high": 1.3 * table[name]})
    table["wrong_share_high"] = np.minimum(table["wrong_share_high"], 1)
    shares = {"stopped": 0.6, "truncated": 0.2, "looping": 0.15, "undecided": 0.05}
    table = table.assign(**{f"{name}_share": share * (1 - accuracy) for name, share in shares.items()})
    note = None if repeated else "not identified: 0 of 5 items"
    return table.assign(p_cheapest=0.6, ratio_note=None, ratio_within_note=note)


def saturations(curves):
    """Fits of which every other is identified, and votes of three samples."""
    last = curves.groupby(["model", "benchmark"], sort=False).tail(1)
    identified = np.arange(len(last)) % 2 == 0
    point = {
        f"saturation_{unit}{end}": np.where(identified, factor * last[f"budget_{unit}"], np.nan)
        for unit in ("tokens", "flops")
        for end, factor in (("_low", 0.3), ("", 0.5), ("_high", 0.8))
    }
    status = np.where(identified, "identified", "not identified: the curve is up to 3.1 points off")
    fits = last.assign(status=status, ceiling=last["accuracy"], gain_points=1.0, **point)
    return round_trip(fits), round_trip(last.assign(k=3))


def draw_all(cells, completions, n_benchmarks=1, **style):
    """The figures of a study by name, drawn from tables that were written and read."""
    style = {"study": "Test", **style}
    cells = round_trip(cells)
    table = round_trip(frontier.frontier(frontier.points(cells)))
    average = table[table["scope"] == frontier.AVERAGE]
    efficiency = round_trip(trend.efficiency(average))
    reached = round_trip(trend.threshold_flops(average, (0.5, 0.7, 0.9)))
    lines = round_trip(trend.trend_lines(efficiency, reached))
    by_cost, axes = frontier.cost_frontiers(cells)
    costs = [round_trip(each) for each in (by_cost[by_cost["scope"] == frontier.AVERAGE], axes)]
    ranks = round_trip(frontier.ranks(by_cost))
    curves = round_trip(saturation.stopped_curves(saturation.known_cells(completions, cells, {})))
    curves["budget_flops"] = 2e9 * curves["budget_tokens"]
    curves["total_flops_mean"] = 1e9 * curves["budget_tokens"]
    fits, votes = saturations(curves)
    sure = sureness(by_cost)
    history = round_trip(trend.frontiers_as_of(average))
    volume = history.groupby("as_of", as_index=False)["accuracy"].max().rename(columns={"accuracy": "hypervolume"})
    volume = volume.assign(hypervolume_low=0.9 * volume["hypervolume"], hypervolume_high=1.1 * volume["hypervolume"])
    figures = {
        f"frontier_{scope}": plugins.load("plots", "frontier").draw(table[table["scope"] == scope], *sure, style)
        for scope in [frontier.AVERAGE, *cells["benchmark"].unique()[:n_benchmarks]]
    }
    return figures | {
        "frontier_overview": plugins.load("plots", "frontier_overview").draw(table, *sure, style),
        "frontier_costs": plugins.load("plots", "frontier_costs").draw(*costs, *sure, style),
        "cost_ranks": plugins.load("plots", "cost_ranks").draw(ranks, costs[1], style),
        "trend": plugins.load("plots", "trend").draw(efficiency, reached, lines, history, volume, style),
        "failure": plugins.load("plots", "failure").draw(failures(average, n_benchmarks > 1), style),
        "saturation": plugins.load("plots", "saturation").draw(curves, fits, votes, "tokens", style),
        "saturation_flops": plugins.load("plots", "saturation").draw(curves, fits, votes, "flops", style),
    }


def texts(figure, dpi=_style.PNG_DPI):
    """All visible, non-empty texts of a figure drawn at that resolution."""
    figure.set_dpi(dpi)
    figure.draw_without_rendering()
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


def bare(text):
    """A label without the probability in brackets."""
    return re.sub(r" \(\d+ %\)$", "", text.get_text())


def clipped(figure, found):
    width, height = figure.get_size_inches() * figure.dpi
    extents = [text.get_window_extent() for text in found]
    return [
        text.get_text()
        for text, box in zip(found, extents, strict=True)
        if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height
    ]


def overlapping(found):
    extents = [(text.get_text(), text.get_window_extent()) for text in found]
    pairs = itertools.combinations(extents, 2)
    # The box of a line of text has some air above and below the letters.
    return [
        (one, two)
        for (one, a), (two, b) in pairs
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 0.5 and min(a.y1, b.y1) - max(a.y0, b.y0) > 0.2 * min(a.height, b.height)
    ]


@pytest.fixture(scope="module")
def llm_figures():
    cells = llm_cells()
    return draw_all(cells, completions_of(cells, cap=16384, most_items=60), n_benchmarks=5)


LLM_FIGURES = ["frontier_average", *(f"frontier_{name}" for name in LLM_BENCHMARKS), "frontier_overview", "trend"]


@pytest.mark.parametrize("dpi", [_style.PNG_DPI, 600])  # the latter as a vector image, without rounding to pixels
@pytest.mark.parametrize(
    "name", [*LLM_FIGURES, "frontier_costs", "cost_ranks", "failure", "saturation", "saturation_flops"]
)
def test_no_text_covers_another_or_leaves_the_figure(llm_figures, name, dpi):
    found = texts(llm_figures[name], dpi)
    assert clipped(llm_figures[name], found) == []
    assert overlapping(found) == []


@pytest.mark.parametrize("name", [name for name in LLM_FIGURES if name not in ("frontier_overview", "trend")])
def test_names_stay_off_points_and_most_models_are_named(llm_figures, name):
    figure = llm_figures[name]
    names = set(LLMS)
    labels = [text for text in texts(figure) if bare(text) in names]
    extents = [text.get_window_extent() for text in labels]
    axes = figure.axes[0]
    points = [line.get_xydata()[0] for line in axes.lines if line.get_marker() not in ("None", None, "")]
    assert len(points) == len(LLMS)
    for x, y in axes.transData.transform(points):
        for text, box in zip(labels, extents, strict=True):
            assert not (box.x0 < x < box.x1 and box.y0 < y < box.y1), f"{text.get_text()!r} covers a point"
    assert len(labels) >= 17


def panel_titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_costs_that_were_measured_have_a_panel_and_the_others_a_reason(llm_figures):
    assert panel_titles(llm_figures["frontier_costs"]) == [
        *("FLOPs", "Completion tokens", "GPU-seconds", "Joules", "US dollars"),
    ]
    shown = " ".join(text.get_text() for text in reversed(texts(llm_figures["frontier_costs"])))
    assert "Measured on NVIDIA H100 80GB HBM3. Not drawn: wall seconds (GPU-seconds are measured)." in shown


def test_nothing_is_drawn_of_a_cost_that_was_not_measured():
    unmeasured = {cost.column: np.nan for cost in frontier.COSTS if cost.id not in ("flops", "joules")}
    cells = nano_cells().assign(**unmeasured, energy_joules_per_completion=0.0)
    figures = draw_all(cells, completions_of(nano_cells(), most_items=20))
    assert panel_titles(figures["frontier_costs"]) == ["FLOPs"]
    assert any("No time was measured" in text.get_text() for text in texts(figures["cost_ranks"]))


def test_ranks_name_every_model_on_both_sides(llm_figures):
    shown = [text.get_text().split("  ") for text in texts(llm_figures["cost_ranks"])]
    for side in (0, 1):
        assert sorted(parts[side] for parts in shown if len(parts) == 2 and parts[1 - side].isdigit()) == sorted(LLMS)


@pytest.mark.parametrize(
    ("flops", "time", "swapped"),
    [([1, 2, 3], [1, 2, 3], 0), ([1, 2, 3], [3, 2, 1], 3), ([1, 2, 3], [2, 1, 3], 1), ([1, 2, 3], [1, 1, 1], 0)],
)
def test_pairs_that_two_costs_order_differently(flops, time, swapped):
    ranks = pd.DataFrame({"flops_rank": flops, "time_rank": time})
    assert plugins.load("plots", "cost_ranks").discordant_pairs(ranks) == (swapped, 3)


def average_of(cells):
    table = round_trip(frontier.frontier(frontier.points(round_trip(cells))))
    return table[table["scope"] == frontier.AVERAGE]


@pytest.mark.parametrize(("p", "words"), [(0.6, "60 % sure"), (0.98, "98 % sure"), (0.999, "> 99.9 % sure")])
def test_the_cheapest_is_never_certain_and_its_accuracy_is_told(p, words):
    table = failures(average_of(nano_cells()), True).assign(p_cheapest=p)
    found = " ".join(bare(text) for text in texts(plugins.load("plots", "failure").draw(table, {"study": "Test"})))
    best = table.sort_values("per_correct").iloc[0]
    assert f"({100 * best['accuracy']:.0f} % right, {words})" in " ".join(found.split())


def test_a_ratio_without_an_interval_has_no_dot_and_a_reason():
    table = failures(average_of(nano_cells()), True)
    n = int(table["left_out"].isna().sum())
    few = table.assign(ratio_low=np.nan, ratio_high=np.nan)
    notes = [f"not identified: {2 + i % 2} of 5" for i in range(len(table))]
    none = table.assign(ratio=np.nan, ratio_low=np.nan, ratio_high=np.nan, ratio_note=notes)

    def dots(rows):
        figure = plugins.load("plots", "failure").draw(rows, {"study": "Test"})
        drawn = [line for line in figure.axes[1].lines if line.get_marker() == "o"]
        return [len(line.get_xdata()) for line in drawn], " ".join(bare(text) for text in texts(figure))

    assert dots(table)[0] == [n, n]
    assert dots(few)[0] == [0, n]
    assert f"No ratio for {n} of {n} models (2 to 3 of 5)." in " ".join(dots(none)[1].split())


@pytest.mark.parametrize(
    ("values", "unit", "expected"),
    [
        ([1e-5, 1e-4], "s", ("µs", 1e-6)),
        ([0.002, 0.01], "s", ("ms", 1e-3)),
        ([2.0, 9000.0], "s", ("s", 1.0)),
        ([1e6], "s", ("s", 1.0)),
        ([5e4], "J", ("kJ", 1e3)),
        ([1e12], "J", ("GJ", 1e9)),
        ([1e-12], "J", ("µJ", 1e-6)),
        ([0.001], "$", ("$", 1.0)),
        ([900.0], "", ("tokens", 1.0)),
        ([2e15], "FLOPs", ("PFLOPs", 1e15)),
    ],
)
def test_units_of_costs(values, unit, expected):
    name, size = _scales.cost_unit(values, unit)
    assert (name, size) == (expected[0], pytest.approx(expected[1]))


@pytest.mark.parametrize("name", [name for name in LLM_FIGURES if name.startswith("frontier_") and "over" not in name])
def test_every_frontier_model_is_named(llm_figures, name):
    table = frontier.frontier(frontier.points(llm_cells()))
    front = table[table["on_frontier"] & (table["scope"] == name.removeprefix("frontier_"))]
    assert set(front["model_name"]) <= {bare(text) for text in texts(llm_figures[name])}


def edge_cases():
    nano, llm = nano_cells(), llm_cells()
    nano = nano[nano["benchmark"] != "medium"]
    real = nano["kind"] != "control"
    nothing = nano.copy()
    nothing.loc[real, ["accuracy", "accuracy_se", "accuracy_low"]] = 0.0
    equal = nano.copy()
    equal.loc[real, ["accuracy", "total_flops_mean"]] = 0.5, 1e7
    undated = nano.assign(release_date=np.nan)
    one_date = nano.assign(release_date="2025-01-01")
    gap = nano[~((nano["model"] == "nano-llama-0.3m") & (nano["benchmark"] == "hard"))]
    ragged = nano[~((nano["benchmark"] == "hard") & real) | (nano["model"] == "nano-llama-0.3m")]
    ragged = ragged[(ragged["model"] != "nano-llama-0.3m") | (ragged["benchmark"] == "hard")]
    no_flops = nano.assign(total_flops_mean=np.nan, total_flops_se=np.nan)
    numbers = nano.assign(family=np.where(real, "7", "8"), model_name=np.where(real, "3", "4"))
    one_item = nano.assign(accuracy_se=np.nan, total_flops_se=np.nan, n_items=1)
    return {
        "one model": nano[nano["model"] == "nano-full-0.1m-400"],
        "one cell": nano[(nano["model"] == "nano-full-0.1m-400") & (nano["benchmark"] == "easy")],
        "two models": nano[nano["model"].isin(["nano-full-0.1m-400", "nano-moe-0.33m-a0.1m"])],
        "controls only": nano[~real],
        "nothing correct": nothing,
        "equal points": equal,
        "no dates": undated,
        "one date": one_date,
        "a model lacks a benchmark": gap,
        "no model has all": ragged,
        "no FLOPs": no_flops,
        "numbers as names": numbers,
        "one item": one_item,
        "base models": nano.assign(type="base"),
        "twelve families": llm[llm["benchmark"] == "gsm8k"].assign(family=lambda t: t["model"].str[-3:]),
    }


@pytest.mark.parametrize("name", edge_cases())
def test_edge_cases_are_drawn_without_a_warning(name, tmp_path):
    cells = edge_cases()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures = draw_all(cells, completions_of(cells, most_items=20))
        for stem, figure in figures.items():
            found = texts(figure)
            assert all("nan" not in text.get_text().lower().replace("nano", "") for text in found), stem
            assert clipped(figure, found) == [], stem
            assert overlapping(found) == [], stem


@pytest.mark.parametrize(
    ("labels", "width", "size", "least", "most"),
    [("all", 14, 12, 9, 9), ("all", 4, 7, 8, 9), ("frontier", 7.2, 9, 5, 5), ("none", 7.2, 9, 0, 0)],
)
def test_style_is_followed(labels, width, size, least, most):
    table = frontier.frontier(frontier.points(nano_cells()))
    style = {"study": "Test", "labels": labels, "width_inches": width, "font_size": size}
    sure = sureness(frontier.cost_frontiers(nano_cells())[0])
    figure = plugins.load("plots", "frontier").draw(table[table["scope"] == "easy"], *sure, style)
    assert figure.get_size_inches()[0] == pytest.approx(width)
    found = texts(figure)
    assert least <= len({bare(text) for text in found} & set(NANO)) <= most
    assert overlapping(found) == clipped(figure, found) == []


HOSTILE = [
    r"$\frac{1}{0}$", "a_b^c$", "_hidden", "<svg onload='x'>&amp;", "line\nbreak\x00\x1b[0m", "{}%s", "\u202ertl", "$",
]  # fmt: skip


def test_hostile_names_are_drawn_as_they_are(tmp_path):
    cells = nano_cells().query("benchmark == 'easy'")
    hostile = dict(zip(NANO, HOSTILE, strict=False))
    cells = cells.replace({"model_name": hostile})
    cells["family"] = cells["model_name"]
    cells["benchmark_name"] = HOSTILE[4]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures = draw_all(cells, completions_of(cells, most_items=20), study=HOSTILE[0])
        assert {_style.plain(name) for name in HOSTILE} <= {bare(text) for text in texts(figures["frontier_easy"])}
        for stem, figure in figures.items():
            svg = _style.save(figure, cells.head(0), tmp_path / stem)[1].read_text(encoding="utf-8")
            ElementTree.fromstring(svg)
            assert "<svg onload" not in svg


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\tb\n c", "a b c"),
        ("x" * 41, "x" * 39 + "…"),
        ("\x00a", "a"),
        ("\u202ea", "a"),
        ("Qwen3-30B-A3B", "Qwen3-30B-A3B"),
        (7, "7"),
    ],
)
def test_plain(raw, shown):
    assert _style.plain(raw) == shown


def test_saved_files_depend_on_the_tables_alone(tmp_path):
    cells = nano_cells().query("benchmark == 'easy'")
    completions = completions_of(cells, most_items=20)
    for run in ("one", "two"):
        for stem, figure in draw_all(cells, completions).items():
            paths = _style.save(figure, cells, tmp_path / run / f"{stem}.v1")
            assert [path.name for path in paths] == [f"{stem}.v1.{suffix}" for suffix in ("png", "svg", "pdf", "csv")]
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
    svg = (tmp_path / "one" / "trend.v1.svg").read_text(encoding="utf-8")
    assert ">Nano-Recheck-0.1M</text>" in svg
    assert "<dc:date>" not in svg


def test_colours_are_those_of_the_families_and_agree_between_figures():
    cells = llm_cells()
    colour_of = _style.colours(cells)
    assert len({colour_of[model] for model in cells.loc[cells["family"] == "Qwen3", "model"]}) == 1
    assert len(set(colour_of.values())) == cells["family"].nunique()
    assert colour_of == _style.colours(cells.sample(frac=1, random_state=0))


@pytest.mark.parametrize("name", plugins.available("plots"))
def test_every_figure_has_the_same_interface(name):
    module = plugins.load("plots", name)
    assert isinstance(module.FIGURE, str)
    assert list(inspect.signature(module.draw).parameters)[-1] == "style"
    assert module.draw.__doc__


@pytest.mark.parametrize(
    ("flops", "unit"),
    [([1e6, 1e8], "MFLOPs"), ([1e12, 1e16], "TFLOPs"), ([3e15], "PFLOPs"), ([1e9, 2e9], "GFLOPs"), ([5], "FLOPs")],
)
def test_flops_unit(flops, unit):
    name, size = _scales.flops_unit(flops)
    assert name == unit
    assert 1 <= np.sqrt(min(flops) * max(flops)) / size < 1000


@pytest.mark.parametrize(("ticks_of", "least"), [(_scales._decimal_ticks, 10), (_scales._binary_ticks, 2)])
@given(low=st.floats(1e-3, 1e6), factor=st.floats(1, 1e8))
def test_log_axes_have_some_ticks_and_not_too_many(ticks_of, least, low, factor):
    high = low * least * factor
    ticks, minor = ticks_of(low, high, most=7)
    assert 2 <= len(ticks) <= 9
    assert all(low <= tick <= high for tick in [*ticks, *minor])


@given(st.floats(0, 1), st.floats(0, 1))
def test_accuracy_axes_hold_the_data_and_at_least_ten_points(one, two):
    low, high = sorted((one, two))
    bottom, top = _scales.accuracy_limits([low], [high])
    assert bottom <= 100 * low <= 100 * high <= top
    assert top - bottom >= 9.99
    assert bottom >= -5 and top <= 105


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_spread_keeps_order_and_distance(wanted):
    spread = _labels.spread(np.array(wanted), 5.0, -200.0, 300.0)
    assert (np.diff(np.sort(spread)) >= 5 - 1e-9).all()
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(spread[order]) > 0).all()


def test_spread_leaves_alone_what_is_apart():
    np.testing.assert_allclose(_labels.spread(np.array([50.0, 10, 30]), 5, 0, 100), [50, 10, 30])
    np.testing.assert_allclose(_labels.spread(np.array([50.0, 50]), 10, 0, 100), [45, 55])


def test_finding_says_what_the_figure_shows():
    table = frontier.frontier(frontier.points(llm_cells()))
    scope = table[table["scope"] == "gsm8k"]
    assert (
        _panel.finding(scope)
        == f"{scope['on_frontier'].sum()} of 19 models are on the compute-accuracy frontier: GSM8K"
    )
    assert _panel.finding(scope.head(0)) == "No model to compare"


def test_step_of_the_frontier_is_the_best_accuracy_at_each_cost():
    front = pd.DataFrame({"x": [1.0, 3.0, 3.0], "y": [20.0, 60.0, 60.0]})
    assert _panel.staircase(front, 10.0, 0.0).tolist() == [[1, 0], [1, 20], [3, 20], [3, 60], [10, 60]]


@pytest.mark.parametrize(
    ("chance", "shown"), [(0.49, "A (49 %)"), (0.05, "A (5 %)"), (0.049, "A"), (0.95, "A"), (np.nan, "A")]
)
def test_a_probability_is_named_where_it_is_neither_sure_nor_hardly_possible(chance, shown):
    assert _panel.named_with_chance({"model_name": "A", "frontier_probability": chance}) == shown


def test_a_toss_up_on_the_frontier_is_pale_and_named_so(llm_figures):
    figure = llm_figures["frontier_gsm8k"]
    toss_ups = [text for text in texts(figure) if text.get_text().endswith(" (49 %)")]
    assert toss_ups and all(text.get_color() == _style.GREY for text in toss_ups)
    faces = {line.get_markeredgecolor() for line in figure.axes[0].lines}
    assert faces & {_style.faded(colour) for colour in _style.PALETTE}


@pytest.mark.parametrize(
    ("chance", "on_frontier", "is_pale"),
    [(0.54, False, False), (0.54, True, False), (0.49, True, True), (0.31, False, True), (np.nan, True, False)],
)
def test_pale_is_what_is_under_one_half_on_the_line_or_off_it(chance, on_frontier, is_pale):
    table = frontier.frontier(frontier.points(nano_cells()))
    scope = table[(table["scope"] == "easy") & table["left_out"].isna()]
    model = scope.loc[scope["on_frontier"] == on_frontier, "model"].iloc[0]
    sure, bands = sureness(frontier.cost_frontiers(nano_cells())[0])
    sure.loc[:, "frontier_probability"] = np.where(sure["model"] == model, chance, 1.0)
    figure = plugins.load("plots", "frontier").draw(scope, sure, bands, {"labels": "all"})
    name = scope.set_index("model").loc[model, "model_name"]
    label = next(text for text in texts(figure) if bare(text).split(" (")[0] == name)
    assert (label.get_color() == _style.GREY) == is_pale


def test_no_box_behind_a_name_cuts_a_hole_into_the_frontier(llm_figures):
    for name in ("frontier_overview", "frontier_costs"):
        drawn = [text for axes in llm_figures[name].axes for text in axes.texts]
        assert drawn and all(text.get_bbox_patch() is None for text in drawn)


def test_reasons_that_differ_in_numbers_are_told_with_their_range():
    status = ["identified", *(f"not identified: one completion is worth {n} points" for n in ("1.9", "2.0", "1.9"))]
    fits = pd.DataFrame({"source": "stopped", "status": [*status, "not identified: 15 items, at least 20 are needed"]})
    assert plugins.load("plots", "saturation")._reasons(fits) == (
        "Not identified, most often since: one completion is worth 1.9 to 2.0 points (3); "
        "15 items, at least 20 are needed (1)."
    )


def test_ranks_without_a_time_say_so_and_why():
    ranks = pd.DataFrame({"model_name": pd.Series(dtype="str")})
    axes = pd.DataFrame({"cost": ["flops", "seconds"], "left_out": [np.nan, "not measured in any cell"]})
    found = [bare(text) for text in texts(plugins.load("plots", "cost_ranks").draw(ranks, axes, {"study": "T"}))]
    assert "No ranks by time: none was measured" in found
    assert any("wall seconds: not measured in any cell." in text for text in found)


def test_what_a_rise_of_s_eff_does_not_say_stands_at_its_panel(llm_figures):
    found = [bare(text) for text in texts(llm_figures["trend"])]
    assert any(text.startswith("Rises also where models only spend more; permuted dates: p = ") for text in found)
    assert any("Release dates: 20" in text for text in found)


def test_groups_of_benchmarks_are_no_benchmarks():
    cells = nano_cells()
    table = round_trip(frontier.frontier(frontier.points(cells, groups={"both": ["easy", "hard"]})))
    figure = plugins.load("plots", "frontier_overview").draw(table, *sureness(frontier.cost_frontiers(cells)[0]), {})
    assert any("all 3 benchmarks" in text.get_text() for text in texts(figure))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"halving_months": 5.2, "halving_months_low": 3.0, "halving_months_high": 14.4}, "halve every 5.2 months"),
        ({"halving_note": "not identified: no decline"}, "Halving time not identified: no decline"),
        ({"note": "no line: 2 of at least 5 points"}, "Halving time not identified: no line: 2 of"),
    ],
)
def test_halving_time_is_said_in_words_or_why_it_is_not_known(row, said):
    row = dict.fromkeys(("note", "halving_note", "halving_months"), np.nan) | row
    lines = pd.DataFrame([{"quantity": "log10_flops_to_reach", **row}])
    assert said in plugins.load("plots", "trend").halving(lines)


def test_a_frontier_is_shown_on_dates_on_which_it_changed():
    dates = [f"2025-{month:02}-01" for month in range(1, 10)]
    history = pd.DataFrame([{"as_of": date, "model": f"m{min(i, 7)}"} for i, date in enumerate(dates)])
    shown = _history.some_dates(history)
    assert len(shown) == _history.MOST_DATES
    assert (shown[0], shown[-1]) == (dates[0], dates[7])


def test_unknown_font_is_refused():
    with pytest.raises(InputError, match="no font 'No Such Font' here"):
        _style.complete({"font_family": "No Such Font"})


def test_forty_eight_models_stay_readable():
    llm = llm_cells()
    copies = [llm] + [
        llm.assign(
            model=llm["model"] + f"-{i}",
            model_name=llm["model_name"] + f"-v{i}",
            total_flops_mean=llm["total_flops_mean"] * (1 + 0.3 * i),
            accuracy=np.clip(llm["accuracy"] - 0.04 * i, 0, 1),
        )
        for i in (1, 2)
    ]
    cells = pd.concat(copies, ignore_index=True)
    cells = cells[cells["model"].isin(cells["model"].unique()[:48]) & cells["benchmark"].isin(["gsm8k", "math500"])]
    for name, figure in draw_all(cells, completions_of(cells, most_items=10), n_benchmarks=2).items():
        found = texts(figure)
        assert clipped(figure, found) == [], name
        assert overlapping(found) == [], name
