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
        ('{"model_type": "qwen33"}', r"tiny\.yaml: .*unknown model_type 'qwen33'\. Did you mean 'qwen3'"),
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
    with pytest.raises(InputError, match=r"tiny\.yaml: revision is null\. Pin it to the 40-hex commit of owner/tiny"):
        fetch(card({"hub_id": "owner/tiny", "revision": None}))


@pytest.fixture
def hub(monkeypatch, folder):
    """A hub client that notes what it is asked, and gives the folder or raises."""
    huggingface_hub = pytest.importorskip("huggingface_hub")
    asked = []

    def install(error=None):
        def download(name, **arguments):
            asked.append((name, arguments))
            if error:
                raise error
            return str(folder)

        monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
        return asked

    return install


def test_a_model_is_fetched_at_its_revision_and_never_pickled(hub, fetch):
    asked = hub()
    revision, config = fetch(card({"hub_id": "owner/tiny", "revision": "1" * 40}))
    assert (revision["revision"], revision["hub_id"], config) == ("1" * 40, "owner/tiny", SHAPE)
    (_, first), (name, arguments) = asked
    assert first["allow_patterns"] == ["config.json"]  # before gigabytes of weights that may turn out unusable
    assert name == "owner/tiny" and arguments["revision"] == "1" * 40 and not arguments["local_files_only"]
    assert "*.safetensors" in arguments["allow_patterns"] and "original/*" in arguments["ignore_patterns"]
    assert not {"*", "*.bin", "*.pt", "*.pth", "*.pkl", "*.py"} & set(arguments["allow_patterns"])


def hub_error(name):
    from huggingface_hub import errors

    kind = getattr(errors, name)
    error = kind.__new__(kind, name)
    Exception.__init__(error, name)
    return error


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("GatedRepoError", "access is gated. Accept the licence"),
        ("RevisionNotFoundError", "there is no such commit. Correct the card's revision"),
        ("RepositoryNotFoundError", "no such repository, or no access to it"),
        ("HfHubHTTPError", "Check the network"),
        ("LocalEntryNotFoundError", "Check the network"),
    ],
)
def test_what_the_hub_refuses_is_told(hub, fetch, name, what):
    hub(hub_error(name))
    with pytest.raises(InputError, match=f"owner/tiny at {'1' * 40}: .*{what}"):
        fetch(card({"hub_id": "owner/tiny", "revision": "1" * 40}))


def test_weights_of_a_hub_model_are_found_without_the_network(hub, folder, tmp_path):
    asked = hub()
    assert models.weights_folder({"hub_id": "owner/tiny", "revision": "1" * 40}, tmp_path) == folder
    assert asked[0][1]["local_files_only"]


def test_weights_that_are_not_in_the_cache_are_told(hub, tmp_path):
    hub(hub_error("LocalEntryNotFoundError"))
    with pytest.raises(InputError, match="not in the local cache; run the fetch_model rule"):
        models.weights_folder({"hub_id": "owner/tiny", "revision": "1" * 40}, tmp_path)


@pytest.mark.parametrize("source", [{"training": {}}, {"path": "PATH"}])
def test_local_weights(tmp_path, source):
    weights = tmp_path / "weights"
    source = {key: str(weights) if value == "PATH" else value for key, value in source.items()}
    with pytest.raises(InputError, match=rf"{weights}: the model's weights are gone\. Delete {tmp_path}"):
        models.weights_folder(source, tmp_path)
    weights.mkdir()
    assert models.weights_folder(source, tmp_path) == weights
