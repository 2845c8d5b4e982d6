"""The command line of FLOPs: what it prints, and what it refuses."""

import json
import math
import re
import shlex
from pathlib import Path

import pytest

from paretoscope import flops
from paretoscope.devices import load_device
from paretoscope.flops import __main__ as command
from paretoscope.flops.bounds import least_seconds, phases

from .test_flops import GEMMA3, GPT_OSS, LLAMA, LLAMA4, MOE, V32

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REAL_CONFIGS = ROOT / "../shared/data/model-configs"


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(MOE), encoding="utf-8")
    return path


def test_command_prints_json(config_file, capsys):
    command.main([str(config_file), "--prompt", "20", "--completion", "30", "--json"])
    report = json.loads(capsys.readouterr().out)
    architecture = flops.describe(MOE)
    prefill, decode = flops.completion_flops(architecture, 20, 30)
    assert report["parameters"]["total"] == architecture.parameters.total
    assert report["parameters"]["active"] == architecture.parameters.active
    assert report["flops"] == {"prefill": prefill, "decode": decode, "total": prefill + decode}
    assert report["kv_bytes_per_token"] == flops.kv_bytes_per_token(architecture) == 3 * 2 * 2 * 16 * 2
    assert report["weight_bytes"] == flops.weight_bytes(architecture, MOE)
    assert report["cache_bytes"] == flops.cache_bytes(architecture, 49)
    assert report["counted"] == {
        **{"prompt_tokens": 20, "completion_tokens": 30, "cached_tokens": 0, "samples": 1, "rejected_tokens": 0},
        **{"convention": "exact", "batch": 1, "kv_bytes": 2, "note": None},
    }


@pytest.mark.skipif(not REAL_CONFIGS.is_dir(), reason="the collection of real configs is not on this machine")
@pytest.mark.parametrize("shown", [[], ["--json"]], ids=["table", "json"])
def test_command_reads_every_real_config_or_says_why_not(capsys, shown):
    read = 0
    for path in sorted(REAL_CONFIGS.glob("*_config.json")):
        try:
            command.main([str(path), "--prompt", "200", "--completion", "7000", *shown])
        except SystemExit as refused:
            assert "is not supported, because" in str(refused.code)
        else:
            out = capsys.readouterr().out
            report = json.loads(out) if shown else {}
            assert not shown or report["parameters"]["total"] >= report["parameters"]["active"] > 5e8
            assert (
                not shown or report["flops"]["total"] == report["flops"]["prefill"] + report["flops"]["decode"] > 1e12
            )
            assert not shown or report["weight_bytes"] > report["kv_bytes_per_token"] > 1000
            read += 1
    assert read >= 40


@pytest.mark.parametrize("config", [GPT_OSS, GEMMA3, V32, LLAMA4], ids=lambda config: config["model_type"])
def test_command_prints_json_where_layers_have_a_mask(config_file, capsys, config):
    config_file.write_text(json.dumps(config), encoding="utf-8")
    command.main([str(config_file), "--prompt", "20", "--completion", str(10**12), "--json"])
    report, architecture = json.loads(capsys.readouterr().out), flops.describe(config)
    assert report["flops"]["decode"] == pytest.approx(flops.completion_flops(architecture, 20, 10**12)[1])
    last = flops.breakdown(architecture, 20 + 10**12 - 2, 2)  # whose one token is the last that the completion feeds
    assert report["decode_step"]["flops_per_token"] == sum(row["decode"] for row in last.values())


def test_command_of_the_readme_runs_in_a_fresh_clone(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    line = re.search(r"^PYTHONPATH=scripts \S+ -m paretoscope\.flops (.*)$", README, re.MULTILINE)
    command.main(shlex.split(line.group(1)))
    assert json.loads(capsys.readouterr().out)["parameters"]["total"] == 8_190_735_360


def test_command_keeps_to_the_context_of_a_card(tmp_path, capsys):
    card = tmp_path / "card.yaml"
    shape = "\n".join(f"  {key}: {value}" for key, value in LLAMA.items())
    card.write_text(f"context_length: 100\narchitecture:\n{shape}\n", encoding="utf-8")
    command.main([str(card), "--prompt", "60", "--completion", "40", "--json"])
    assert json.loads(capsys.readouterr().out)["model_type"] == "llama"
    with pytest.raises(SystemExit, match="'max_position_embeddings' is 100"):
        command.main([str(card), "--prompt", "60", "--completion", "41"])


@pytest.mark.parametrize("content", ["id: x", "architecture: llama", "- 1", ""])
def test_command_reports_a_card_without_a_shape(tmp_path, content):
    card = tmp_path / "card.yaml"
    card.write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"card.yaml: (the card has no 'architecture'|expected lines of the form)"):
        command.main([str(card)])


def test_command_takes_cache_batch_and_convention(config_file, capsys):
    arguments = ["--prompt", "20", "--completion", "30", "--cached", "15", "--batch", "4", "--kv-bytes", "1"]
    command.main([str(config_file), *arguments, "--convention", "paper", "--json"])
    report, architecture = json.loads(capsys.readouterr().out), flops.describe(MOE)
    prefill, decode = flops.completion_flops(architecture, 20, 30, 15, convention="paper")
    assert report["flops"] == {"prefill": prefill, "decode": decode, "total": prefill + decode}
    step = report["decode_step"]
    assert (step["context"], step["batch"]) == (50, 4)  # the convention feeds the last token too
    assert step["flops_per_token"] == flops.decode_flops(architecture, 50)
    assert step["bytes"] == flops.decode_bytes(architecture, MOE, 50, 4, kv_dtype_bytes=1)
    intensity = flops.arithmetic_intensity(architecture, MOE, 50, 4, kv_dtype_bytes=1)
    assert step["arithmetic_intensity"] == pytest.approx(intensity)


def test_command_tells_what_is_executed(config_file, capsys):
    arguments = [str(config_file), "--prompt", "20", "--completion", "30", "--samples", "4", "--rejected", "10"]
    command.main([*arguments, "--json"])
    executed, architecture = json.loads(capsys.readouterr().out)["executed_flops"], flops.describe(MOE)
    prefill, decode = flops.completion_flops(architecture, [20] * 4, 30, [0, 20, 20, 20])
    assert executed["all_samples_prompt_shared"] == prefill.sum() + decode.sum()
    assert executed["all_samples"] == 4 * sum(flops.completion_flops(architecture, 20, 30))
    assert executed["decode_with_rejected"] > decode[0]
    assert executed["decode_with_rejected"] == pytest.approx(flops.executed_decode_flops(architecture, 20, 30, 10))
    assert {type(count) for count in executed.values()} == {int}
    command.main([*arguments, "--convention", "paper", "--json"])
    paper = json.loads(capsys.readouterr().out)["executed_flops"]["decode_with_rejected"]
    assert paper == pytest.approx(flops.executed_decode_flops(architecture, 20, 30, 10, convention="paper"))
    command.main(arguments)
    out = capsys.readouterr().out
    assert f"4 samples: {executed['all_samples']:.6g} FLOPs" in out and "decode with 10 rejected tokens: " in out


def test_command_prints_a_table(config_file, capsys):
    command.main([str(config_file)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "counted: prompt of 200 tokens; completion of 8,000 tokens; convention 'exact'"
    assert lines[1].startswith("qwen3_moe")
    assert [line[:22].strip() for line in lines[2:]] == [
        "embedding",
        "norms",
        "attention projections",
        "attention",
        "router",
        "experts",
        "vocabulary head",
        "total",
        "",
        f"weights: {flops.weight_bytes(flops.describe(MOE), MOE):,} bytes"[:22],
        "cache: 384 bytes per t",
        "last decode step, at 8",
    ]
    assert f"{flops.describe(MOE).parameters.total:,}" in lines[-5]


def test_command_counts_flops_where_bytes_are_not_known(config_file, capsys):
    config_file.write_text(json.dumps({**MOE, "quantization_config": {"quant_method": "new"}}), encoding="utf-8")
    command.main([str(config_file)])
    assert "weights: not known, config.json: quantization_config" in capsys.readouterr().out
    command.main([str(config_file), "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["weight_bytes"] is report["decode_step"]["bytes"] is None
    assert report["flops"]["total"] > 0


@pytest.mark.parametrize(
    "arguments, decoded",
    [
        (["--prompt", "60", "--completion", "40"], 39),
        (["--prompt", "60"], 39),  # what the context leaves
        (["--prompt", "99"], 0),
        (["--prompt", "100", "--completion", "0"], 0),
        (["--prompt", "101"], None),
        (["--prompt", "60", "--completion", "41"], None),
    ],
)
def test_command_keeps_to_the_context(config_file, capsys, arguments, decoded):
    config_file.write_text(json.dumps({**LLAMA, "max_position_embeddings": 100}), encoding="utf-8")
    if decoded is None:
        with pytest.raises(SystemExit, match="longer than the context: 'max_position_embeddings' is 100"):
            command.main([str(config_file), *arguments])
        return
    command.main([str(config_file), *arguments, "--json"])
    components = json.loads(capsys.readouterr().out)["components"]
    assert components["vocabulary head"]["decode"] == decoded * 2 * LLAMA["hidden_size"] * LLAMA["vocab_size"]


def test_command_reads_the_context_of_a_multimodal_config(config_file):
    wrapped = {"model_type": "gemma3", "text_config": {**GEMMA3, "max_position_embeddings": 100}}
    config_file.write_text(json.dumps(wrapped), encoding="utf-8")
    with pytest.raises(SystemExit, match="'max_position_embeddings' is 100"):
        command.main([str(config_file), "--completion", "100"])


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        ("{}", "'model_type' is missing"),
        ("[]", "must hold an object, not a list"),
        ("null", "must hold an object, not a NoneType"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"a":' * 100_000, "is nested too deeply"),
        ('{"model_type": "llama", "hidden_size": 8, "hidden_size": 9}', "key 'hidden_size' stands there twice"),
        ('{"model_type": "llama", "hidden_size": NaN}', "'hidden_size' must be an integer .*, not nan"),
        ('{"model_type": "llama", "hidden_size": 1e400}', "'hidden_size' must be an integer .*, not inf"),
        ('{"model_type": "llama", "hidden_size": 1' + "0" * 5000 + "}", "'hidden_size' must be an integer .*, not inf"),
        ('{"model_type": "llama", "hidden_size": -' + "9" * 500 + "}", "'hidden_size' must be an integer"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_command_reports_a_bad_config_with_its_path(config_file, content, message):
    config_file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SystemExit, match=f"config.json: .*{message}"):
        command.main([str(config_file)])


def test_command_reports_a_missing_file_and_bad_counts(config_file, tmp_path):
    with pytest.raises(SystemExit, match="can't be read"):
        command.main([str(tmp_path / "absent.json")])
    with pytest.raises(SystemExit, match="prompt_tokens must be at least 1"):
        command.main([str(config_file), "--prompt", "0"])
    with pytest.raises(SystemExit, match="cached_tokens must be at least 0"):
        command.main([str(config_file), "--cached", "-1"])
    with pytest.raises(SystemExit, match="a cached element must take at least 1 byte, not 0"):
        command.main([str(config_file), "--kv-bytes", "0"])
    with pytest.raises(SystemExit, match="samples must be at least 1, not 0"):
        command.main([str(config_file), "--samples", "0"])
    with pytest.raises(SystemExit, match="rejected_tokens must be at least 0, not -1"):
        command.main([str(config_file), "--rejected", "-1"])
    with pytest.raises(SystemExit, match="rejected_tokens must be from 0 to 9007199254740992, not 99999"):
        command.main([str(config_file), "--rejected", "9" * 30])
    with pytest.raises(SystemExit, match="cached tokens are tokens of the prompt: 300 are more than its 200"):
        command.main([str(config_file), "--cached", "300"])
    with pytest.raises(SystemExit, match=r"5 rejected tokens need a decode step .* completion of 1 tokens has none"):
        command.main([str(config_file), "--rejected", "5", "--completion", "1"])
    with pytest.raises(SystemExit, match="batch must be at least 1, not 0"):
        command.main([str(config_file), "--batch", "0"])
    with pytest.raises(SystemExit, match=r"^unknown device 'h10'"):
        command.main([str(config_file), "--device", "h10"])
    with pytest.raises(SystemExit, match="least seconds are of what is executed, which convention 'paper' isn't"):
        command.main([str(config_file), "--device", "h100-80gb", "--convention", "paper"])


def test_command_says_where_the_context_shortened_the_completion(config_file, capsys):
    config_file.write_text(json.dumps({**LLAMA, "max_position_embeddings": 100}), encoding="utf-8")
    command.main([str(config_file), "--prompt", "60", "--cached", "10"])
    line = capsys.readouterr().out.splitlines()[0]
    assert "prompt of 60 tokens, 10 of them cached; completion of 40 tokens, which the context of 100 leaves" in line
    command.main([str(config_file), "--prompt", "60", "--completion", "40", "--json"])
    assert json.loads(capsys.readouterr().out)["counted"]["note"] is None
    with pytest.raises(SystemExit, match="the prompt fills the context: 'max_position_embeddings' is 100"):
        command.main([str(config_file), "--prompt", "100"])


def test_command_shows_no_decode_step_where_there_is_none(config_file, capsys):
    for completion in ("0", "1"):
        command.main([str(config_file), "--completion", completion, "--json"])
        assert json.loads(capsys.readouterr().out)["decode_step"] is None
        command.main([str(config_file), "--completion", completion, "--device", "h100-80gb"])
        out = capsys.readouterr().out
        assert "decode: no step" in out and "  prefill: " in out and "  decode: " not in out


@pytest.mark.parametrize(("config", "windows"), [(MOE, False), (GEMMA3, True), (LLAMA4, True), (V32, False)])
def test_command_says_that_windows_bound_the_cache(config_file, capsys, config, windows):
    config_file.write_text(json.dumps(config), encoding="utf-8")
    command.main([str(config_file)])
    assert ("bytes per token until windows are full, " in capsys.readouterr().out) == windows


def test_command_bounds_the_time_on_a_device(config_file, capsys):
    arguments = [str(config_file), "--completion", "300", "--device", "h100-80gb", "--batch", "8"]
    command.main([*arguments, "--json"])
    found, device = json.loads(capsys.readouterr().out)["device"], load_device("h100-80gb")
    prefill, decode = phases(
        *(flops.describe(MOE), MOE, 200, 300),
        flops_per_second=device.flops_per_second["bfloat16"],
        bytes_per_second=device.bandwidth_bytes_per_second,
        batch=8,
    )
    assert (found["id"], found["batch"]) == ("h100-80gb", 8)
    assert found["gpu_seconds_least"] == least_seconds(prefill, decode)
    assert found["energy_joules_least_at_tdp"] == 700 * found["gpu_seconds_least"]
    assert (found["prefill_limit"], found["decode_limit"]) == (prefill.limit, decode.limit)
    assert (found["prefill_bytes"], found["decode_bytes"]) == (prefill.bytes, decode.bytes)
    command.main(arguments)
    assert f"at least {found['gpu_seconds_least']:.4g} GPU-seconds per completion" in capsys.readouterr().out


@pytest.mark.parametrize(("precision", "bits"), [("bfloat16", 16), ("fp8", 8 + 32 / 128**2), ("int4", 4 + 20 / 128)])
def test_command_gives_weights_another_precision(config_file, capsys, precision, bits):
    config_file.write_text(json.dumps({**LLAMA, "quantization_config": {"quant_method": "mxfp4"}}), encoding="utf-8")
    command.main([str(config_file), "--weights-dtype", precision, "--json"])
    linear = 3 * (48 * 48 * 2 + 48 * 16 * 2 + 3 * 48 * 80)
    others = flops.describe(LLAMA).parameters.total - linear
    assert json.loads(capsys.readouterr().out)["weight_bytes"] == math.ceil(linear * bits / 8 + 2 * others)
    command.main([str(config_file), "--weights-dtype", precision])
    assert f"bytes, linear layers in {precision}" in capsys.readouterr().out
