"""Saturation on data whose truth is known: coverage, and nothing found where there is nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit, ndtri

from paretoscope import schema
from paretoscope.saturation import across_models, fits, forced_curves, forms, known_cells, stopped
from paretoscope.saturation.likelihood import cell_scores, information_criterion, maximise
from paretoscope.saturation.observed import covering
from paretoscope.saturation.resampling import cluster_weights
from paretoscope.saturation.verdicts import Observed, Saturation, doubt_about_agreement

QUANTILES = {"log-normal": ndtri, "log-logistic": logit, "Frechet": lambda q: -np.log(-np.log(q))}
ABOUT = {"model": "m", "model_name": "M", "family": "F", "kind": "dense", "type": "reasoning"}
ABOUT |= {"benchmark": "b", "benchmark_name": "B"}


def cell(tokens, verdicts, samples=1):
    """The cell of completions, the samples of an item in a row."""
    n = len(tokens)
    completions = pd.DataFrame(
        {
            **{"model": "m", "benchmark": "b", "item_id": [f"i{k // samples}" for k in range(n)]},
            **{"sample": np.arange(n) % samples, "verdict": verdicts},
            **{name: pd.array(values, dtype="Int64") for name, values in _counts(tokens).items()},
        }
    )
    cells = pd.DataFrame([dict.fromkeys(schema.names(schema.CELLS), np.nan) | ABOUT])
    return known_cells(completions, cells, {})[0]


def _counts(tokens):
    return {"completion_tokens": np.asarray(tokens), "prompt_tokens": np.full(len(tokens), 9)}


def lengths(rng, shape, location, scale, n):
    """Whole lengths whose logarithm (base 2) has a shape's distribution."""
    return np.maximum(1, np.ceil(2 ** (location + scale * QUANTILES[shape](rng.random(n))))).astype(int)


def drawn(rng, shape, n, ceiling, location, scale, limit=None):
    """A cell of one sample per item; a length tells nothing about whether the answer is right."""
    tokens = lengths(rng, shape, location, scale, n)
    verdicts = np.where(rng.random(n) < ceiling, "correct", "wrong").astype(object)
    if limit:
        verdicts[tokens > limit] = "truncated"
    return cell(np.minimum(tokens, limit or tokens), verdicts)


def clustered(rng, n, samples, ceiling, location, scale):
    """A cell of several samples per item; items differ in difficulty and in length."""
    ease = rng.beta(3 * ceiling, 3 * (1 - ceiling), n).repeat(samples)
    shift = rng.normal(0, 0.5, n).repeat(samples)
    tokens = np.ceil(2 ** (location + shift + scale * rng.normal(size=n * samples))).astype(int)
    return cell(tokens, np.where(rng.random(n * samples) < ease, "correct", "wrong"), samples)


def true_point(shape, ceiling, location, scale):
    """The budget from which on a doubling gains less than a point."""
    curve = lambda x: ceiling * forms.SHAPES[shape]((x - location) / scale)[None]  # noqa: E731
    return 2 ** forms.last_paying_doubling(curve, 0.01, location - 8, location + 16)[0]


SIMULATED = 40


@pytest.mark.parametrize(
    ("shape", "make", "truth"),
    [
        ("log-normal", lambda rng: drawn(rng, "log-normal", 300, 0.8, 9, 1.0), (0.8, 9, 1.0)),
        ("log-logistic", lambda rng: drawn(rng, "log-logistic", 300, 0.8, 9, 0.6), (0.8, 9, 0.6)),
        ("log-normal", lambda rng: clustered(rng, 100, 8, 0.7, 9, 1.0), (0.7, 9, np.hypot(1.0, 0.5))),
    ],
    ids=["log-normal", "log-logistic", "several samples"],
)
def test_intervals_hold_the_truth(shape, make, truth):
    rng, point = np.random.default_rng(11), true_point(shape, *truth)
    table = pd.concat([fits([make(rng)], {}) for _ in range(SIMULATED)])
    # Of forms that do fit 0 to 5 of 100 are refused by chance.
    assert (table["status"] == "identified").mean() > 0.87
    table = table[table["status"] == "identified"]
    held = table["saturation_tokens_low"].le(point) & table["saturation_tokens_high"].ge(point)
    # At a coverage of 95 %, 40 intervals miss more than 5 times in 1 of 70 tries.
    assert (~held).sum() <= 5
    held = table["ceiling_low"].le(truth[0]) & table["ceiling_high"].ge(truth[0])
    assert (~held).sum() <= 5
    # Nor are they far wider than what the points vary by from set to set: an interval of everything would hold it too.
    # They hold the doubt about the shape besides, which is most where tails are long (1.8 times).
    points = np.log2(table["saturation_tokens"])
    widths = np.log2(table["saturation_tokens_high"] / table["saturation_tokens_low"])
    assert 0.8 < widths.median() / (2 * 1.96 * points.std()) < 2.1
    ceilings = table["ceiling_high"] - table["ceiling_low"]
    assert 0.8 < ceilings.median() / (2 * 1.96 * table["ceiling"].std()) < 1.6
    assert np.log2(table["saturation_tokens"]).mean() == pytest.approx(np.log2(point), abs=0.1)
    assert table["ceiling"].mean() == pytest.approx(truth[0], abs=0.02)


MIXTURES = {
    "late minority": (600, 0.7, [(0.9, 9, 0.6), (0.1, 11.5, 0.6)]),
    "wide minority": (600, 0.6, [(0.8, 9, 0.5), (0.2, 11, 1.0)]),
    "two humps": (300, 0.8, [(0.7, 8, 0.6), (0.3, 11, 0.6)]),
    "rare and very late": (600, 0.6, [(0.95, 9, 0.7), (0.05, 12, 0.7)]),
}
"""Items, ceiling, and (share, location, scale) of log-normal parts: no shape that is fitted has these tails."""


def mixture(rng, n, ceiling, parts):
    """A cell whose lengths are from several log-normal distributions."""
    share, location, scale = np.array(parts).T
    part = rng.choice(len(parts), n, p=share)
    tokens = np.ceil(2 ** (location[part] + scale[part] * rng.normal(size=n))).astype(int)
    return cell(tokens, np.where(rng.random(n) < ceiling, "correct", "wrong"))


def mixture_point(ceiling, parts):
    def curve(x):
        return ceiling * sum(share * forms.SHAPES["log-normal"]((x - at) / scale) for share, at, scale in parts)[None]

    return 2 ** forms.last_paying_doubling(curve, 0.01, 1, 28)[0]


def test_where_no_form_fits_the_interval_holds_the_truth_or_is_refused():
    rng, sets, wrong = np.random.default_rng(12), 15, 0
    for n, ceiling, parts in MIXTURES.values():
        table = pd.concat([fits([mixture(rng, n, ceiling, parts)], {}) for _ in range(sets)])
        point = mixture_point(ceiling, parts)
        table = table[table["status"] == "identified"]
        wrong += (table["saturation_tokens_low"].gt(point) | table["saturation_tokens_high"].lt(point)).sum()
    # 93 %: at most 4 of 60.
    assert wrong <= 0.07 * sets * len(MIXTURES)


def test_a_form_that_does_not_fit_is_said_not_to():
    rng = np.random.default_rng(13)
    table = pd.concat([fits([mixture(rng, *MIXTURES["late minority"])], {}) for _ in range(5)])
    assert table["status"].str.startswith("not identified: no form fits (").all()


def test_intervals_that_do_not_meet_and_gains_that_go_on_are_contradictions():
    found = Saturation(0.8, (0.7, 0.9), 10.0, (9.8, 10.2), 0.0)
    meets, apart = Observed(10.4, (10.1, 11.0), 1.2, 0.3), Observed(10.6, (10.3, 11.0), 1.2, 0.3)
    assert doubt_about_agreement(found, meets, 1.0) is None
    assert "contradict" in doubt_about_agreement(found, apart, 1.0)
    assert "gains 1.9 points" in doubt_about_agreement(found, Observed(10.0, (9.8, 10.2), 1.9, 0.5), 1.0)
    assert covering(found, meets).interval == (9.8, 11.0)
    assert covering(found, Observed(10.1, (9.0, 11.0), 1.0, 0.3)).interval == found.interval


def log_linear(rng, n=400, limit=4096):
    """Right by t with a probability that rises by the same for every doubling, far past the limit."""
    tokens = np.ceil(2 ** rng.uniform(6, 20, n)).astype(int)
    return cell(np.minimum(tokens, limit), np.where(tokens > limit, "truncated", "correct"))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (log_linear, "straight|last doubling|interval"),
        # The limit cuts while the curve is at its steepest.
        (lambda rng: drawn(rng, "log-normal", 400, 0.8, 9, 1.0, limit=600), "straight|last doubling|interval"),
        (lambda rng: cell(lengths(rng, "log-normal", 9, 1, 200), ["wrong"] * 200), "no correct completion"),
        (lambda rng: drawn(rng, "log-normal", 15, 0.8, 9, 1.0), "15 items"),
        (lambda rng: drawn(rng, "log-normal", 50, 0.8, 9, 1.0), "one completion is worth 2.0 points"),
    ],
    ids=["log-linear", "cut early", "nothing right", "too few items", "too coarse"],
)
def test_what_the_data_do_not_reach_is_not_identified(make, reason):
    rng = np.random.default_rng(3)
    table = pd.concat([fits([make(rng)], {}) for _ in range(4)])
    assert table["status"].str.match(f"not identified: .*({reason})").all()
    assert table[["ceiling", "saturation_tokens", "saturation_tokens_high"]].isna().all(axis=None)


def test_a_late_limit_leaves_the_point_identified():
    rng = np.random.default_rng(4)
    table = fits([drawn(rng, "log-normal", 1500, 0.8, 9, 1.0, limit=6000)], {}).iloc[0]
    assert table["status"] == "identified"
    point = true_point("log-normal", 0.8, 9, 1.0)
    assert table["saturation_tokens_low"] <= point <= table["saturation_tokens_high"]


def forced(rng, budgets, accuracy, n=300):
    """A cell of long completions, and forced answers that are right with the probabilities given."""
    items = cell([10_000] * n, ["wrong"] * n)
    # What is answered early is mostly answered later, too.
    skill = np.where(rng.random((n, len(budgets))) < 0.7, rng.random((n, 1)), rng.random((n, len(budgets))))
    verdicts = np.where(skill < accuracy, "correct", "wrong")
    answers = pd.DataFrame(
        {
            "item_id": np.repeat([f"i{k}" for k in range(n)], len(budgets)),
            **{"sample": 0, "budget_tokens": np.tile(budgets, n), "verdict": verdicts.ravel()},
            **{"answer_tokens": 3, "total_flops": 1.0, "reread_flops": 0.0},
        }
    )
    return items, {("m", "b"): answers}


BUDGETS = 2 ** np.arange(4, 14)


@pytest.mark.parametrize(
    ("accuracy", "form", "status"),
    [
        (0.2 + 0.6 * expit((np.log2(BUDGETS) - 7) / 0.6), "saturating", "identified"),
        (np.full(10, 0.4), "flat", "not identified: the flat"),
        (np.linspace(0.1, 0.8, 10), "straight", "not identified: the straight"),
        (expit(1.5 - 0.25 * (np.log2(BUDGETS) - 8) ** 2), "inverted-U", "not identified: the inverted-U"),
    ],
    ids=["saturating", "flat", "straight", "inverted-U"],
)
def test_the_form_of_forced_answers_is_told(accuracy, form, status):
    items, answers = forced(np.random.default_rng(2), BUDGETS, accuracy)
    row = fits([items], answers).set_index("source").loc["forced"]
    assert row["form"] == form
    assert row["status"].startswith(status)
    curve = forced_curves([items], answers)
    assert list(curve["budget_tokens"]) == list(BUDGETS)
    if form == "saturating":
        assert row["ceiling_low"] <= 0.8 <= row["ceiling_high"]


def models(rng, n, curve):
    """A table of cells whose accuracies scatter about a curve of log2 FLOPs."""
    x = np.sort(rng.uniform(38, 50, n))
    accuracy = rng.binomial(500, np.clip(curve(x) + rng.normal(0, 0.015, n), 0.001, 0.999)) / 500
    rows = {"benchmark": "b", "benchmark_name": "B", "kind": "dense", "model": [f"m{k}" for k in range(n)]}
    return pd.DataFrame(rows | {"total_flops_mean": 2**x, "accuracy": accuracy, "n_items": 500})


def test_saturation_over_models_is_found_where_there_is_one_and_enough_models():
    rng = np.random.default_rng(6)
    curve = lambda x: 0.9 * expit((x - 40) / 0.7)  # noqa: E731
    point = forms.last_paying_doubling(lambda x: curve(x)[None], 0.01, 30, 60)[0]
    row = across_models(models(rng, 40, curve)).iloc[0]
    assert row["status"] == "identified"
    assert np.log2(row["saturation_flops_low"]) <= point <= np.log2(row["saturation_flops_high"])
    assert across_models(models(rng, 7, curve))["status"][0] == "not identified: 7 models, at least 8 are needed"
    rising = across_models(models(rng, 40, lambda x: 0.1 + 0.06 * (x - 38)))
    assert rising["status"][0].startswith("not identified")


def test_the_logistic_special_case_agrees_with_statsmodels():
    discrete = pytest.importorskip("statsmodels.discrete.discrete_model")
    rng = np.random.default_rng(8)
    x = rng.normal(size=400)
    items = np.repeat(np.arange(100), 4)
    right = rng.random(400) < expit(0.4 + 1.3 * x + rng.normal(0, 0.7, 100)[items])
    reference = discrete.Logit(right, np.column_stack([np.ones(400), x])).fit(disp=0)

    def cells(parameters):
        accuracy = expit(parameters[:, :1] + parameters[:, 1:] * x)
        return np.column_stack([accuracy, 1 - accuracy])

    counts = np.concatenate([right, ~right]).astype(float)
    found, value = maximise(cells, np.zeros((1, 2)), counts[None], np.array([[-9.0, -9.0], [9.0, 9.0]]))
    np.testing.assert_allclose(found[0], reference.params, atol=1e-4)
    assert value[0] == pytest.approx(reference.llf, abs=1e-6)
    # Every observation a cluster of its own: Akaike's criterion. Clusters of items: the sandwich's meat in its place.
    alone = np.hstack([np.diag(right.astype(float)), np.diag((~right).astype(float))])
    assert information_criterion(cells, found[0], alone) == pytest.approx(reference.aic, abs=1e-3)
    by_item = np.zeros((100, 800))
    np.add.at(by_item, items, alone)
    scores = by_item @ cell_scores(cells, found)[0]
    expected = np.zeros((100, 2))
    np.add.at(expected, items, reference.model.score_obs(reference.params))
    np.testing.assert_allclose(scores, expected, atol=1e-3)
    assert information_criterion(cells, found[0], by_item) > reference.aic


def test_the_likelihood_of_a_curve_is_that_of_its_increments():
    """Counts in bins, whatever the number of budgets: a budget that splits no answers adds nothing."""
    tokens, verdicts = np.array([3, 5, 9, 17, 40, 41]), np.array(["correct"] * 4 + ["wrong"] * 2, dtype=object)
    coarse, fine = (
        stopped.answers(np.arange(6), tokens, verdicts, np.array(budgets))
        for budgets in ([4, 6, 12, 24, 48], [4, 6, 12, 24, 40, 44, 48])
    )
    weights = cluster_weights(6, resamples=5)
    assert stopped.fit(coarse, weights).aic_saturating == pytest.approx(stopped.fit(fine, weights).aic_saturating)


@pytest.mark.parametrize("cut", [False, True])
def test_probabilities_of_all_that_can_happen_add_up_to_one(cut):
    """One completion for each thing that can happen: right within a budget, cut at the last one, wrong."""
    verdicts = np.array(["correct", "correct", "correct", *(["truncated"] if cut else []), "wrong"], dtype=object)
    tokens = np.array([4, 8, 16, *([16] if cut else []), 16])
    data = stopped.answers(np.arange(len(tokens)), tokens, verdicts, np.array([4, 8, 16]))
    parameters = np.array([[0.3, 3.0, 0.2, 1.1][: 4 if cut else 3]])
    total = stopped.probabilities("log-normal", data, parameters).sum()
    beyond = 0 if cut else expit(0.3) * (1 - forms.SHAPES["log-normal"]((4 - 3.0) * np.exp(-0.2)))
    assert total + beyond == pytest.approx(1)
