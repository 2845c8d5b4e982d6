import json
import shutil

import pytest

from paretoscope import files, models
from paretoscope.errors import InputError

SHAPE = {
    "model_type": "qwen3",
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "vocab_size": 128,
    "tie_word_embeddings": False,
}


def card(source, **changes) -> dict:
    return {
        "id": "tiny",
        "card": "config/models/tiny.yaml",
        "source": source,
        "architecture": None,
        "config": None,
        **changes,
    }


@pytest.fixture
def folder(tmp_path):
    """A folder that looks like a model; nothing loads its weights."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(SHAPE))
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def fetch(tmp_path):
    def run(card, needs_weights=True):
        paths = tmp_path / "out" / "revision.json", tmp_path / "out" / "config.json"
        models.fetch(card, needs_weights, *paths)
        return [files.read_json(path) for path in paths]

    return run


def test_a_folder_is_named_by_its_contents(folder, fetch):
    revision, config = fetch(card({"path": str(folder)}))
    assert config == SHAPE
    assert revision == {"revision": models.weights_revision(folder), "source": "folder"}
    assert len(revision["revision"]) == 40 and set(revision["revision"]) <= set("0123456789abcdef")


def add_file(folder):
    (folder / "generation_config.json").write_text("{}")


def edit_weights(folder):
    (folder / "model.safetensors").write_bytes(b"Weights")


def rename_file(folder):
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")


def swap_contents(folder):
    (folder / "config.json").write_bytes(b"weights")
    (folder / "model.safetensors").write_text(json.dumps(SHAPE))


@pytest.mark.parametrize("change", [add_file, edit_weights, rename_file, swap_contents])
def test_another_folder_has_another_revision(folder, change):
    before = models.weights_revision(folder)
    change(folder)
    assert models.weights_revision(folder) != before


def test_a_copied_folder_keeps_its_revision(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    assert models.weights_revision(tmp_path / "copy") == models.weights_revision(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl"])
def test_pickled_weights_are_refused(folder, fetch, name):
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(
        InputError, match=r"no \.safetensors file; pickled weights are not read, since they can run code"
    ):
        fetch(card({"path": str(folder)}))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, r"no config\.json there, so it is no model folder .*config/models/tiny\.yaml"),
        ("{", r"config\.json: not JSON"),
        ("[]", r"config/models/tiny\.yaml: config\.json must hold an object"),
        ("{}", r"config/models/tiny\.yaml: .*'model_type' is missing"),
        ('{"model_type": "qwen33"}', r"tiny\.yaml: .*unknown model_type 'qwen33'\. Nearest of its family: 'qwen3'"),
        ('{"model_type": "qwen3"}', r"tiny\.yaml: .*hidden_size"),
    ],
)
def test_a_folder_without_a_usable_config_is_told(folder, fetch, tmp_path, content, what):
    if content is None:
        (folder / "config.json").unlink()
    else:
        (folder / "config.json").write_text(content)
    with pytest.raises(InputError, match=what):
        fetch(card({"path": str(folder)}))
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_there_is_told(fetch, tmp_path):
    with pytest.raises(InputError, match=r"absent: no config\.json there"):
        fetch(card({"path": str(tmp_path / "absent")}))


MULTIMODAL = {
    "model_type": "qwen3_5",
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
    "text_config": {**SHAPE, "tie_word_embeddings": None, "dtype": None},
}
QUANTISED = {"quant_method": "fp8", "weight_block_size": [128, 128]}


def wide(**changes) -> dict:
    return {**SHAPE, **changes}


@pytest.mark.parametrize(
    ("stated", "config"),
    [
        (SHAPE, SHAPE),
        # What only one of them says doesn't matter where it is the default, or says nothing of the shape.
        (wide(use_sliding_window=False, torch_dtype="bfloat16"), SHAPE),
        (SHAPE, wide(attention_bias=False, rope_theta=1e6, dtype="bfloat16", quantization_config=QUANTISED)),
        (wide(torch_dtype="bfloat16"), wide(dtype="bfloat16")),
        (wide(sliding_window=16), wide(sliding_window=32)),
        (wide(dtype="float32"), MULTIMODAL),
        (wide(quantization_config=QUANTISED), wide(quantization_config={**QUANTISED, "fmt": "e4m3"})),
        (wide(quantization_config=None), wide(quantization_config=QUANTISED)),
    ],
)
def test_a_card_may_state_the_shape_of_its_model(folder, fetch, stated, config):
    (folder / "config.json").write_text(json.dumps(config))
    assert fetch(card({"path": str(folder)}, architecture=stated))[1] == config


@pytest.mark.parametrize(
    ("stated", "config", "told"),
    [
        (
            wide(vocab_size=256),
            SHAPE,
            r"vocab_size is 256 in the card and 128 there \(.* parameters\)\. Correct the card",
        ),
        (SHAPE, wide(hidden_size=32, head_dim=16), "hidden_size is 16 in the card and 32 there; head_dim is 8 in the"),
        (SHAPE, wide(attention_bias=True), r"a key that matters \(8,816 and 8,912 parameters\)"),
        (wide(model_type="qwen2"), SHAPE, "model_type is 'qwen2' in the card and 'qwen3' there"),
        (wide(tie_word_embeddings=True), MULTIMODAL, "tie_word_embeddings is True in the card and False there"),
        (wide(num_hidden_layers=4), MULTIMODAL, "num_hidden_layers is 4 in the card and 2 there"),
        (wide(torch_dtype="bfloat16"), MULTIMODAL, "dtype is 'bfloat16' in the card and 'float32' there"),
        (wide(dtype="bfloat16"), wide(torch_dtype="float16"), "dtype is 'bfloat16' in the card and 'float16' there"),
        (
            wide(quantization_config=QUANTISED),
            wide(quantization_config={**QUANTISED, "weight_block_size": [64, 64]}),
            r"quantization_config is .*\[128, 128\].* in the card and .*\[64, 64\].* there",
        ),
        (
            wide(quantization_config=QUANTISED),
            wide(quantization_config={"quant_method": "awq"}),
            "quantization_config is .*'fp8'.* in the card and .*'awq'.* there",
        ),
        ({"model_type": "qwen3"}, SHAPE, "'hidden_size' is missing"),
    ],
)
def test_a_card_that_states_another_shape_is_told(folder, fetch, tmp_path, stated, config, told):
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=rf"^config/models/tiny\.yaml: architecture.*{told}"):
        fetch(card({"path": str(folder)}, architecture=stated))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("revision", ["0" * 40, None])
def test_a_recording_takes_its_shape_from_the_card(fetch, revision):
    source = {"hub_id": "owner/tiny", "revision": revision}
    assert fetch(card(source, architecture=SHAPE), needs_weights=False) == [
        {"revision": revision, "source": "card"},
        SHAPE,
    ]


def test_a_recording_takes_its_shape_from_a_file(fetch, folder):
    found = fetch(card({"hub_id": "a/b", "revision": None}, config=str(folder / "config.json")), needs_weights=False)
    assert found == [{"revision": None, "source": "card"}, SHAPE]


def test_an_unpinned_model_is_not_fetched(fetch):
    with pytest.raises(InputError, match=r"tiny\.yaml: revision is null\. `make pin` writes .* commit of owner/tiny"):
        fetch(card({"hub_id": "owner/tiny", "revision": None}))


INDEX = models.INDEX
SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]


def index_of(*names) -> str:
    return json.dumps({"metadata": {}, "weight_map": {f"weight.{number}": name for number, name in enumerate(names)}})


@pytest.mark.parametrize(
    ("index", "present", "weights"),
    [
        (None, ["model.safetensors"], ["model.safetensors"]),
        (None, ["model.safetensors", "consolidated.safetensors", "extra.safetensors"], ["model.safetensors"]),
        (None, ["b.safetensors", "a.safetensors", "config.json"], ["a.safetensors", "b.safetensors"]),
        (None, ["a.safetensors", "adapter_model.safetensors", "consolidated-1.safetensors"], ["a.safetensors"]),
        (None, ["a.safetensors", "original/b.safetensors"], ["a.safetensors"]),
        (index_of(*SHARDS, SHARDS[0]), [*SHARDS, INDEX, "model.safetensors"], SHARDS),
        (index_of(SHARDS[1]), [*SHARDS, INDEX], SHARDS[1:]),
    ],
)
def test_the_index_says_which_files_are_the_weights(tmp_path, index, present, weights):
    if index:
        (tmp_path / INDEX).write_text(index)
    assert models.weight_files(tmp_path, set(present), "here") == weights


@pytest.mark.parametrize(
    ("index", "present", "told"),
    [
        (None, [], "^here: no .safetensors file"),
        (None, ["pytorch_model.bin", "consolidated.safetensors", "x/a.safetensors"], "^here: no .safetensors file"),
        (index_of(*SHARDS), [INDEX, SHARDS[0]], f"^here: {SHARDS[1]} isn't there, one of 1 of 2 weight files"),
        (
            index_of(*SHARDS),
            [INDEX, "model.safetensors"],
            f"^here: {SHARDS[0]} isn't there, one of 2 of 2 weight files",
        ),
        (index_of("../../secret"), [INDEX, "model.safetensors"], "secret isn't there"),
        ("{", [INDEX], f"{INDEX}: not JSON"),
        ("[]", [INDEX], "weight_map must name the file of every weight"),
        ('{"weight_map": []}', [INDEX], "weight_map must name"),
        ('{"weight_map": {}}', [INDEX], "weight_map must name"),
        ('{"weight_map": {"a": 1}}', [INDEX], "weight_map must name"),
    ],
)
def test_weights_that_are_not_there_are_told(tmp_path, index, present, told):
    if index:
        (tmp_path / INDEX).write_text(index)
    with pytest.raises(InputError, match=told):
        models.weight_files(tmp_path, set(present), "here")


def test_a_folder_without_a_shard_is_told(folder, fetch):
    (folder / INDEX).write_text(index_of("model.safetensors", SHARDS[1]))
    with pytest.raises(InputError, match=f"{folder}: {SHARDS[1]} isn't there, one of 1 of 2"):
        fetch(card({"path": str(folder)}))


HUB = {"hub_id": "owner/tiny", "revision": "1" * 40}


@pytest.fixture
def hub(monkeypatch, folder):
    """A hub that notes what is fetched and gives the folder; test_hub.py asks the real client."""
    fetched = []
    listing = {file.name: file.stat().st_size for file in folder.iterdir()}
    listing |= {"generation_config.json": 10, "pytorch_model.bin": 10**9, "onnx/config.json": 3, "tokenizer.py": 4}
    monkeypatch.setattr(models.hub, "fetch", lambda source, names: fetched.append(set(names)) or folder)
    monkeypatch.setattr(models.hub, "sizes", lambda source: listing)
    monkeypatch.setattr(models.hub, "cached", lambda source: folder)
    return fetched


def test_a_model_of_the_hub_is_named_by_its_commit(hub, fetch):
    revision, config = fetch(card(HUB))
    size = len(json.dumps(SHAPE)) + len(b"weights") + 10
    assert revision == {**HUB, "source": "hub", "files": 3, "bytes": size}
    assert config == SHAPE
    assert hub == [{"config.json", INDEX}, {"config.json", "generation_config.json", "model.safetensors"}]


def test_a_hub_model_of_another_shape_than_its_card_is_not_fetched(hub, fetch):
    with pytest.raises(InputError, match="vocab_size is 256 in the card and 128 there"):
        fetch(card(HUB, architecture=wide(vocab_size=256)))
    assert hub == [{"config.json", INDEX}]


def test_where_the_shape_is_enough_no_weights_are_fetched(hub, fetch):
    revision, config = fetch(card(HUB), needs_weights=False)
    assert revision == {**HUB, "source": "hub"} and config == SHAPE
    assert hub == [{"config.json", INDEX}]


def test_weights_of_a_hub_model_are_found_in_the_cache(hub, folder, tmp_path):
    assert models.weights_folder(HUB, tmp_path) == folder
    assert hub == []


@pytest.mark.parametrize("missing", ["model.safetensors", "everything"])
def test_weights_that_are_not_in_the_cache_are_told(hub, folder, tmp_path, monkeypatch, missing):
    def refuse(source):
        raise InputError("owner/tiny: not in the local cache.")

    if missing == "everything":
        monkeypatch.setattr(models.hub, "cached", refuse)
    else:
        (folder / missing).rename(folder / "gone")
        (folder / missing).symlink_to(folder / "blob")  # as the cache is when a blob was deleted
    told = rf"(no \.safetensors|not in the local cache).* Delete {tmp_path}/revision\.json and run `snakemake --until fetch"
    with pytest.raises(InputError, match=told):
        models.weights_folder(HUB, tmp_path)


@pytest.mark.parametrize("source", [{"training": {}}, {"path": "PATH"}])
def test_local_weights(tmp_path, source):
    weights = tmp_path / "weights"
    source = {key: str(weights) if value == "PATH" else value for key, value in source.items()}
    with pytest.raises(InputError, match=rf"{weights}: the model's weights are gone\. Delete {tmp_path}"):
        models.weights_folder(source, tmp_path)
    weights.mkdir()
    assert models.weights_folder(source, tmp_path) == weights
