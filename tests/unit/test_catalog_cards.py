"""The cards and studies that come with the workflow: what they must say, beyond being well formed."""

from datetime import date

import pytest

from paretoscope import plugins
from paretoscope.cards import read_yaml
from paretoscope.catalog import CATALOG, find_cards, load_study, read_card

CARDS = {name: read_card(file, "model") for name, file in find_cards([CATALOG], "models").items()}
HUB = {name: card for name, card in CARDS.items() if "hub_id" in (card["source"] or {})}
STUDIES = {path.stem: load_study(read_yaml(path), path) for path in CATALOG.glob("*.yaml")}
FACTS = {"release_date", "licence", "context_length", "sampling", "gpus"}
GATED = ("meta-llama/", "google/gemma-2", "google/gemma-3")
PAPER = {"Gemma 3", "Llama 3.1", "Phi-4", "Qwen3", "gpt-oss", "Nemotron"}


def test_there_are_enough_models_to_compare():
    assert len({card["source"]["hub_id"] for card in HUB.values()}) >= 30


@pytest.mark.parametrize("card", HUB.values(), ids=HUB)
def test_each_fact_has_a_source(card):
    optional = {"chat_template": bool(card["chat_template"]), "reasoning": bool(card["reasoning"])}
    optional |= {"architecture": bool(card["architecture"]), "system_prompt": card["system_prompt"] is not None}
    wanted = FACTS | {key for key, given in optional.items() if given}
    assert wanted <= set(card["sources"])
    assert date(2024, 1, 1) <= date.fromisoformat(card["release_date"]) <= date(2026, 11, 23)
    assert card["context_length"] and card["reference"]


@pytest.mark.parametrize("card", HUB.values(), ids=HUB)
def test_a_reasoning_model_marks_its_reasoning_and_no_other_does(card):
    assert (card["type"] == "reasoning") == (card["reasoning"] is not None)
    assert card["reasoning"] or not card["serving"].get("reasoning_parser")


@pytest.mark.parametrize("card", HUB.values(), ids=HUB)
def test_gpus_split_the_heads_evenly(card):
    assert card["serving"]["gpus"] in (1, 2, 4, 8, 16)


@pytest.mark.parametrize("card", [card for card in HUB.values() if card["source"]["hub_id"].startswith(GATED)])
def test_a_gated_model_says_so(card):
    assert card["notes"].startswith("Gated; ")


def test_cards_of_the_same_weights_differ_in_how_they_are_asked():
    asked = {}
    for name, card in HUB.items():
        how = (card["source"]["hub_id"], str(card["chat_template"]), card["system_prompt"])
        assert asked.setdefault(how, name) == name
        assert card["name"] not in {other["name"] for key, other in HUB.items() if key != name}


@pytest.mark.parametrize("card", HUB.values(), ids=HUB)
def test_a_card_leaves_what_the_rules_say_to_the_rules(card):
    # Greedy is no rule for a reasoning model, so s1.1, which its makers evaluate greedily, says so itself.
    stated = {key for key, value in card["sampling"].items() if value is not None} - {"frequency_penalty"}
    assert stated <= ({"temperature"} if card["id"] == "s1.1-32b" else set())


@pytest.mark.parametrize("name", ["config", "paper", "laptop", "demo", "smoke", "recorded"])
def test_the_studies_are_there(name):
    assert STUDIES[name].cells


def test_the_papers_study_is_19_models_by_5_benchmarks():
    study = STUDIES["paper"]
    assert (len(study.models), len(study.benchmarks), len(study.cells)) == (19, 5, 95)
    assert {card["family"] for card in study.models.values()} == PAPER
    for model, card in study.models.items():
        sampling = study.sampling_of(model)
        assert sampling["frequency_penalty"] == 0.05
        assert sampling["temperature"] == (0.6 if card["type"] == "reasoning" else 0)
        assert sampling["max_new_tokens"] is None
        assert study.samples_of(model) == 1


def test_the_full_study_has_no_penalty_and_its_controls():
    study = STUDIES["config"]
    assert {study.sampling_of(model)["frequency_penalty"] for model in study.models} == {0}
    assert {"oracle", "empty"} < set(study.models)
    assert set(study.benchmarks) == set(STUDIES["paper"].benchmarks)
    assert len(study.models) >= 30


def test_the_laptop_study_asks_a_part_of_each_benchmark():
    study = STUDIES["laptop"]
    assert study.engine["device"] == "cpu"
    assert {study.items_of(benchmark) for benchmark in study.benchmarks} == {100}
    for card in study.benchmarks.values():
        whole = read_card(CATALOG / "benchmarks" / f"{card['id'].removesuffix('-100')}.yaml", "benchmark")
        same = ("source", "format", "columns", "rows", "prompt", "grading")
        assert {key: card[key] for key in same} == {key: whole[key] for key in same}


@pytest.mark.parametrize("name", STUDIES)
def test_engines_and_graders_of_the_studies_exist(name):
    study = STUDIES[name]
    assert {study.engine_of(model)["name"] for model in study.models} <= set(plugins.available("engines"))
