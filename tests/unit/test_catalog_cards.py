"""The cards and studies that come with the workflow: what they must say, beyond being well formed."""

from datetime import date

import pytest

from paretoscope import flops, plugins
from paretoscope.cards import read_yaml
from paretoscope.catalog import CATALOG, find_cards, load_study, read_card

CARDS = {name: read_card(file, "model") for name, file in find_cards([CATALOG], "models").items()}
HUB = {name: card for name, card in CARDS.items() if "hub_id" in (card["source"] or {})}
STUDIES = {path.stem: load_study(read_yaml(path), path) for path in CATALOG.glob("*.yaml")}
FACTS = {"release_date", "licence", "context_length", "sampling", "gpus"}
GATED = ("meta-llama/", "google/gemma-2", "google/gemma-3")
PAPER = {"Gemma 3", "Llama 3.1", "Phi-4", "Qwen3", "gpt-oss", "Nemotron"}

PUBLISHED = {
    # Parameters of the language model: of the checkpoint as the hub counts them, where a text-only model's count is
    # exact; else as the makers round them. Vision towers and modules of multi-token prediction are taken off.
    "deepseek-ai/DeepSeek-R1": 671e9,  # arXiv 2412.19437
    "deepseek-ai/DeepSeek-R1-0528": 671e9,
    "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B": 8_190_735_360,
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B": 70_553_706_496,
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": 8_030_261_248,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": 1_777_088_000,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B": 14_770_033_664,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B": 32_763_876_352,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": 7_615_616_512,
    "deepseek-ai/DeepSeek-V3": 671e9,
    "tiiuae/Falcon-H1-34B-Instruct": 33.6e9,
    "tiiuae/Falcon-H1-7B-Instruct": 7.59e9,
    "tiiuae/Falcon-H1R-7B": 7.59e9,
    "google/gemma-2-27b-it": 27_227_128_320,
    "google/gemma-3-1b-it": 999_885_952,
    "google/gemma-3-4b-it": 675e6 + 3_209e6,  # arXiv 2503.19786, table 1: embedding and the rest, without vision
    "google/gemma-3-12b-it": 1_012e6 + 10_759e6,
    "google/gemma-3-27b-it": 1_416e6 + 25_600e6,
    "google/gemma-4-26B-A4B-it": 25.2e9,
    "google/gemma-4-31B-it": 30.7e9,
    "zai-org/GLM-4.5-Air": 106e9,  # arXiv 2508.06471, table 1
    "openai/gpt-oss-120b": 116.83e9,
    "openai/gpt-oss-20b": 20_914_757_184,
    "ibm-granite/granite-4.0-h-small": 32_207_337_984,
    "ibm-granite/granite-4.0-h-tiny": 6.94e9,
    "meta-llama/Llama-3.1-70B-Instruct": 70_553_706_496,
    "meta-llama/Llama-3.1-8B-Instruct": 8_030_261_248,
    "nvidia/Llama-3.1-Nemotron-Nano-8B-v1": 8_030_261_248,
    "meta-llama/Llama-3.2-1B-Instruct": 1_235_814_400,
    "meta-llama/Llama-3.2-3B-Instruct": 3_212_749_824,
    "meta-llama/Llama-3.3-70B-Instruct": 70_553_706_496,
    "mistralai/Magistral-Small-2509": 24_011_361_280 - 439e6,
    "XiaomiMiMo/MiMo-7B-RL": 7_833_409_536 - 211e6,
    "mistralai/Ministral-3-8B-Reasoning-2512": 8.4e9,
    "mistralai/Mistral-Small-3.2-24B-Instruct-2506": 24_011_361_280 - 439e6,
    "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": 31_577_940_288,
    "nvidia/NVIDIA-Nemotron-Nano-9B-v2": 8_888_227_328,
    "allenai/OLMo-2-1124-7B-Instruct": 7.3e9,
    "allenai/Olmo-3-32B-Think": 32.2e9,
    "allenai/Olmo-3-7B-Think": 7_298_011_136,
    "microsoft/Phi-4-mini-instruct": 3_836_021_760,
    "microsoft/Phi-4-mini-reasoning": 3_836_021_760,
    "microsoft/Phi-4-reasoning-plus": 14_659_507_200,
    "microsoft/Phi-4-reasoning": 14_659_507_200,
    "microsoft/phi-4": 14_659_507_200,
    "Qwen/Qwen2.5-0.5B-Instruct": 494_032_768,
    "Qwen/Qwen2.5-1.5B-Instruct": 1_543_714_304,
    "Qwen/Qwen2.5-14B-Instruct": 14_770_033_664,
    "Qwen/Qwen2.5-32B-Instruct": 32_763_876_352,
    "Qwen/Qwen2.5-72B-Instruct": 72_706_203_648,
    "Qwen/Qwen2.5-7B-Instruct": 7_615_616_512,
    "Qwen/Qwen3-0.6B": 596_049_920,
    "Qwen/Qwen3-1.7B": 1_720_574_976,
    "Qwen/Qwen3-14B": 14_768_307_200,
    "Qwen/Qwen3-235B-A22B-Thinking-2507": 235_093_634_560,
    "Qwen/Qwen3-30B-A3B-Instruct-2507": 30_532_122_624,
    "Qwen/Qwen3-30B-A3B-Thinking-2507": 30_532_122_624,
    "Qwen/Qwen3-32B": 32_762_123_264,
    "Qwen/Qwen3-4B-Instruct-2507": 4_022_468_096,
    "Qwen/Qwen3-4B-Thinking-2507": 4_022_468_096,
    "Qwen/Qwen3-4B": 4_022_468_096,
    "Qwen/Qwen3-8B": 8_190_735_360,
    "Qwen/Qwen3-Next-80B-A3B-Instruct": 79_674_391_296,
    "Qwen/Qwen3-Next-80B-A3B-Thinking": 79_674_391_296,
    "Qwen/Qwen3.5-27B": 26_895_998_464,
    "Qwen/Qwen3.5-35B-A3B": 34_660_610_688,
    "Qwen/Qwen3.5-4B": 4.66e9 - 334e6 - 121e6,  # vision, multi-token prediction
    "Qwen/Qwen3.5-9B": 9.65e9 - 456e6 - 243e6,
    "Qwen/QwQ-32B": 32_763_876_352,
    "microsoft/rho-math-1b-v0.1": 1_100_048_384,
    "microsoft/rho-math-7b-v0.1": 7_241_732_096,
    "simplescaling/s1.1-32B": 32_763_876_352,
    "HuggingFaceTB/SmolLM2-1.7B-Instruct": 1_711_376_384,
    "HuggingFaceTB/SmolLM2-135M-Instruct": 134_515_008,
    "HuggingFaceTB/SmolLM2-360M-Instruct": 361_821_120,
    "HuggingFaceTB/SmolLM3-3B": 3_075_098_624,
}
USABLE_BYTES = 72e9
"""Of every GPU of 80 GB, as config/README.md says of ``serving.gpus``."""
NOT_COUNTED = 1.05
"""Weights of vision towers and multi-token prediction, which an engine may load too: at most 5 % of a model here, but
for the smallest, which fit anyway."""


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
def test_a_shape_has_the_parameters_that_are_published(card):
    published = PUBLISHED[card["source"]["hub_id"]]
    total = flops.describe(card["architecture"]).parameters.total
    # A whole number is a checkpoint's own count.
    assert total == published if isinstance(published, int) else total == pytest.approx(published, rel=0.015)


@pytest.mark.parametrize("card", HUB.values(), ids=HUB)
def test_a_mixture_of_experts_uses_a_part_of_its_weights_and_no_other_model_does(card):
    architecture = flops.describe(card["architecture"])
    recurrent = any(block.cache.state_bytes for _, block in architecture.body)
    sparse = architecture.parameters.active < architecture.parameters.total
    assert card["kind"] == ("hybrid" if recurrent else "moe" if sparse else "dense")


@pytest.mark.parametrize("card", HUB.values(), ids=HUB)
def test_gpus_hold_the_weights_and_one_sequence(card):
    architecture = flops.describe(card["architecture"])
    weights = flops.weight_bytes(architecture, card["architecture"])
    cache = flops.cache_bytes(architecture, card["context_length"])
    least = [weights + cache, NOT_COUNTED * weights + cache]
    needed = [next(gpus for gpus in (1, 2, 4, 8, 16) if gpus * USABLE_BYTES >= size) for size in least]
    assert needed[0] <= card["serving"]["gpus"] <= needed[1]


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
