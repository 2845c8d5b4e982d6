"""Wall time and memory of generating jobs."""

import math

import pytest

from paretoscope.catalog import CATALOG
from paretoscope.cluster import MEMORY_MB, MINUTES
from paretoscope.resources import CPU_MINUTES, LEAST_MINUTES, MARGIN, JobSizes, gpus_of

CELL = ("tiny", "sums")
QWEN3_8B = {
    "model_type": "qwen3",
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "tie_word_embeddings": False,
    "max_position_embeddings": 40960,
}
WEIGHTS_MB = 2 * 8190.735360


@pytest.fixture
def sizes(load, study_config, model_card, benchmark_card, tmp_path):
    """Load the study with changes and return its job sizes."""

    def make(max_hours=24.0, engine=None, card=None, tokens=None):
        model_card.update({"architecture": QWEN3_8B, **(card or {})})
        if tokens:
            benchmark_card.update({"rows": 10_000, "expected_tokens": {"instruct": tokens, "source": "assumed"}})
        study = load({**study_config, "engine": {"name": "sglang", "python": "python", **(engine or {})}})
        return JobSizes(study, [CATALOG], "h100-80gb", tmp_path / "results", max_hours)

    return make


def test_short_cell_gets_the_least_time(sizes):
    asked = sizes(card={"sampling": {"temperature": 0.6, "max_new_tokens": 100}})
    assert asked.minutes(*CELL) == LEAST_MINUTES
    assert asked.minutes(*CELL, attempt=2) == 2 * LEAST_MINUTES


@pytest.mark.parametrize("gpus", [1, 2])
def test_time_is_that_of_the_plan_with_a_margin(sizes, gpus):
    asked = sizes(tokens=2_000, card={"serving": {"gpus": gpus}})
    minutes = asked.minutes(*CELL)
    gpu_hours = asked._planner.cell(CELL).to_go.gpu_hours
    longest = asked._last_minutes("tiny")
    assert gpu_hours > 0.5 and longest > 1
    assert minutes == math.ceil(MARGIN * (60 * gpu_hours / gpus + longest)) > LEAST_MINUTES


def test_time_ends_at_the_longest_that_partitions_allow(sizes):
    asked = sizes(tokens=20_000, max_hours=2)
    assert [asked.minutes(*CELL, attempt) for attempt in (1, 2, 3)] == [120, 120, 120]


def test_memory_is_the_engines_and_the_weights(sizes):
    asked = sizes()
    assert asked.memory_mb("tiny") == math.ceil(16_000 + WEIGHTS_MB)
    assert asked.memory_mb("tiny", attempt=2) == 2 * asked.memory_mb("tiny")


def test_unknown_shape_is_taken_to_fill_its_gpus(sizes):
    asked = sizes(card={"architecture": None, "serving": {"gpus": 2}})
    assert 16_000 + 2 * 79_000 < asked.memory_mb("tiny") < 16_000 + 2 * 90_000
    assert asked.minutes(*CELL) == 24 * 60


def test_cell_on_a_cpu(sizes):
    asked = sizes(engine={"device": "cpu"})
    assert asked.minutes(*CELL) == CPU_MINUTES
    assert asked.memory_mb("tiny") == math.ceil(4_000 + WEIGHTS_MB)


def test_recorded_cell_is_a_small_job(load, study_config, model_card, tmp_path):
    model_card["architecture"] = QWEN3_8B
    study = load({**study_config, "engine": {"name": "recorded", "traces": "{model}.jsonl"}})
    asked = JobSizes(study, [CATALOG], "h100-80gb", tmp_path, 24)
    assert (asked.minutes(*CELL), asked.memory_mb("tiny"), gpus_of(study, "tiny")) == (MINUTES, MEMORY_MB, 0)
