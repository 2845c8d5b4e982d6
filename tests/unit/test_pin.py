"""Pinning changes one value of a card's text and nothing else, and says what it couldn't do."""

import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paretoscope import pin
from paretoscope.errors import InputError
from paretoscope.loading import content_sha256

from .hub_server import NO_WAITING, REVISION, ROOT, HubServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HASH = COMMIT + "89abcdef0123456789abcdef"
SOURCE = ("source", "revision")


# Text.


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("source: {hub_id: a/b, revision: null}", "source: {hub_id: a/b, revision: @}"),
        ("source: {hub_id: a/b, revision: null} # null\n", "source: {hub_id: a/b, revision: @} # null\n"),
        ("source: {hub_id: a/b, revision: ~}\n", "source: {hub_id: a/b, revision: @}\n"),
        ("source: {hub_id: a/b, revision: }\n", "source: {hub_id: a/b, revision: @ }\n"),
        ("source: {hub_id: a/b, revision:}\n", "source: {hub_id: a/b, revision: @}\n"),
        ("source: {revision: null, hub_id: a/b}\n", "source: {revision: @, hub_id: a/b}\n"),
        ('{"source":{"hub_id":"a/b","revision":null}}', '{"source":{"hub_id":"a/b","revision": @}}'),
        (
            "# revision: null\nsource:\n  hub_id: a/b   # revision: null\n  revision: null   # to do\n  split: test\n",
            "# revision: null\nsource:\n  hub_id: a/b   # revision: null\n  revision: @   # to do\n  split: test\n",
        ),
        ("source:\n  revision:\n  hub_id: a/b\n", "source:\n  revision: @\n  hub_id: a/b\n"),
        ("source:\n  hub_id: a/b\n  revision:   # to do\n", "source:\n  hub_id: a/b\n  revision: @   # to do\n"),
        ("source:\n  hub_id: a/b\n  revision: null", "source:\n  hub_id: a/b\n  revision: @"),
        ("source:\r\n  hub_id: a/b\r\n  revision: null\r\n", "source:\r\n  hub_id: a/b\r\n  revision: @\r\n"),
        (
            "name: Größe 🙂\nsource: {hub_id: ü/🙂, revision: null}\n",
            "name: Größe 🙂\nsource: {hub_id: ü/🙂, revision: @}\n",
        ),
        ("\ufeffsource: {hub_id: a/b, revision: null}\n", "\ufeffsource: {hub_id: a/b, revision: @}\n"),
        ("---\nsource: {hub_id: a/b, revision: null}\n...\n", "---\nsource: {hub_id: a/b, revision: @}\n...\n"),
        (
            "notes: >-\n  revision: null\nsource: {hub_id: a/b,\n         revision: null}\nrevision: null\n",
            "notes: >-\n  revision: null\nsource: {hub_id: a/b,\n         revision: @}\nrevision: null\n",
        ),
    ],
)
def test_the_revision_is_changed_and_nothing_else(text, changed):
    assert pin.with_value(text, SOURCE, COMMIT) == changed.replace("@", COMMIT)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("rows: 3\nlicence: MIT\n", "rows: 3\ncontent_sha256: @\nlicence: MIT\n"),
        ("rows: 3   # all\nlicence: MIT\n", "rows: 3   # all\ncontent_sha256: @\nlicence: MIT\n"),
        ("licence: MIT\nrows: 3", "licence: MIT\nrows: 3\ncontent_sha256: @\n"),
        ("rows: 3\r\nlicence: MIT\r\n", "rows: 3\r\ncontent_sha256: @\r\nlicence: MIT\r\n"),
        ("  rows: 3\n  licence: MIT\n", "  rows: 3\n  content_sha256: @\n  licence: MIT\n"),
        ("{rows: 3, licence: MIT}\n", "{rows: 3, content_sha256: @, licence: MIT}\n"),
        ("rows: 3\ncontent_sha256: null # later\n", "rows: 3\ncontent_sha256: @ # later\n"),
        ("content_sha256:\nrows: 3\n", "content_sha256: @\nrows: 3\n"),
    ],
)
def test_the_hash_of_the_items_stands_behind_their_number(text, changed):
    assert pin.with_value(text, ("content_sha256",), HASH) == changed.replace("@", HASH)


@pytest.mark.parametrize(
    "text",
    [
        "revision: &none null\nsource: {hub_id: a/b, revision: *none}\n",
        "base: &base {hub_id: a/b, revision: null}\nsource: *base\n",
        "source: {hub_id: a/b, revision}\n",
    ],
)
def test_what_cannot_be_changed_alone_is_left(text):
    with pytest.raises(ValueError, match=r"source\.revision can't be changed alone"):
        pin.with_value(text, SOURCE, COMMIT)


@given(st.text("0123456789", min_size=40, max_size=40) | st.from_regex("[0-9]{20}e[0-9]{19}", fullmatch=True))
def test_a_commit_of_digits_stays_text(commit):
    assert yaml.safe_load(pin.with_value("source: {revision: null}", SOURCE, commit)) == {
        "source": {"revision": commit}
    }


@given(
    st.dictionaries(
        st.text(string.ascii_letters, min_size=1).filter(lambda key: key != "source"),
        st.text() | st.integers() | st.none() | st.lists(st.text()),
    ),
    st.sampled_from([True, False, None]),
    st.text(string.hexdigits.lower(), min_size=40, max_size=40),
)
def test_whatever_stands_around_it_stays(others, flow, commit):
    text = yaml.safe_dump(
        {**others, "source": {"hub_id": "a/b", "revision": None}, "end": 1},
        default_flow_style=flow, sort_keys=False, allow_unicode=True,
    )  # fmt: skip
    changed = pin.with_value(text, SOURCE, commit)
    assert yaml.safe_load(changed)["source"]["revision"] == commit
    assert len(changed) in (len(text) + 36, len(text) + 38)


def test_every_card_of_the_catalog_can_be_pinned():
    cards = [card for kind in pin.KINDS for card in (ROOT / "config" / kind).glob("*.yaml")]
    texts = [card.read_text(encoding="utf-8") for card in cards]
    unpinned = [text for text in texts if "revision: null" in text]
    assert unpinned
    for text in unpinned:
        assert pin.with_value(text, SOURCE, COMMIT) == text.replace("revision: null", f"revision: {COMMIT}", 1)


# Cards.

ITEM = {"unique_id": "a", "problem": "1+1?", "answer": "2"}


@pytest.fixture
def model(write_yaml, model_card):
    model_card["source"] = {"hub_id": "own/model", "revision": None}
    text = yaml.safe_dump(model_card, sort_keys=False).replace("source:", "source:   # where from")
    return write_yaml("models/tiny.yaml", text)


@pytest.fixture
def benchmark(write_yaml, benchmark_card):
    source = {"hub_id": "own/data", "split": "test", "revision": None}
    columns = {"id": "unique_id", "question": "problem", "target": "answer"}
    return write_yaml(
        "benchmarks/sums.yaml", {**benchmark_card, "source": source, "format": "math", "columns": columns, "rows": 1}
    )


@pytest.fixture
def hub(monkeypatch):
    """A hub that has one commit and one row; test_hub.py and the last tests here ask the real client."""
    monkeypatch.setattr(pin.hub, "commit", lambda kind, source: source["revision"] or COMMIT)
    monkeypatch.setattr(pin.hub, "rows", lambda source: [ITEM])


def test_a_model_is_pinned_once(hub, model):
    before = model.read_text()
    assert pin.pin_card(model) == ("pinned", f"own/model revision {COMMIT}")
    assert model.read_text() == before.replace("null", COMMIT, 1)
    first = model.stat()
    assert pin.pin_card(model) == ("as it was", f"own/model {COMMIT}")
    assert model.stat().st_mtime_ns == first.st_mtime_ns and model.stat().st_ino == first.st_ino
    assert list(model.parent.iterdir()) == [model]


def test_a_benchmark_is_pinned_with_its_items(hub, benchmark):
    outcome, _ = pin.pin_card(benchmark)
    card = yaml.safe_load(benchmark.read_text())
    assert outcome == "pinned"
    assert (card["source"]["revision"], card["rows"]) == (COMMIT, 1)
    expected = content_sha256([pin_item()])
    assert card["content_sha256"] == expected
    assert pin.pin_card(benchmark)[0] == "as it was"


def pin_item():
    from paretoscope.schema import Item

    return Item("a", "1+1?", "2")


def test_a_pinned_benchmark_without_hash_gets_one_at_its_own_commit(hub, benchmark):
    benchmark.write_text(benchmark.read_text().replace("revision: null", f"revision: '{REVISION}'"))
    outcome, detail = pin.pin_card(benchmark)
    assert outcome == "pinned" and detail.startswith("own/data content_sha256 ")
    assert f"revision: '{REVISION}'\n" in benchmark.read_text()


def test_a_benchmark_that_does_not_hold_what_its_card_says_is_not_pinned(hub, benchmark):
    benchmark.write_text(benchmark.read_text().replace("rows: 1", "rows: 2"))
    before = benchmark.read_bytes()
    with pytest.raises(InputError, match=r"1 items, but .*sums\.yaml says rows: 2"):
        pin.pin_card(benchmark)
    assert benchmark.read_bytes() == before


def test_a_card_that_cannot_be_changed_in_place_says_what_to_write(hub, model):
    text = model.read_text().replace("revision: null", "revision: *none").replace("name:", "notes: &none null\nname:")
    model.write_text(text)
    with pytest.raises(InputError, match=rf"tiny\.yaml: .*write it yourself: source\.revision: {COMMIT}"):
        pin.pin_card(model)
    assert model.read_text() == text


def test_a_linked_card_stays_a_link(hub, model, tmp_path):
    link = tmp_path / "elsewhere" / "models" / "tiny.yaml"
    link.parent.mkdir(parents=True)
    link.symlink_to(model)
    assert pin.pin_card(link)[0] == "pinned"
    assert link.is_symlink() and COMMIT in model.read_text()


@pytest.mark.parametrize("act", [pin.pin_card, pin.check_card])
@pytest.mark.parametrize("name", ["models/nano-brief", "models/oracle", "benchmarks/arithmetic-easy"])
def test_cards_without_a_repository_are_left(act, name):
    assert act(ROOT / "config" / f"{name}.yaml")[0] == "local"


def test_a_card_must_lie_where_cards_lie(model, tmp_path):
    model.rename(tmp_path / "tiny.yaml")
    with pytest.raises(InputError, match="a card lies in a folder called models or benchmarks, not "):
        pin.pin_card(tmp_path / "tiny.yaml")


def test_a_study_names_its_cards(model, benchmark, write_yaml, study_config):
    study = write_yaml("study.yaml", {**study_config, "cards": ["."]})
    assert [path.resolve() for path in pin.study_cards(study)] == [model, benchmark]
    card = (ROOT / "config/models/nano-smoke-b.yaml").read_text()
    write_yaml("models/judge.yaml", card.replace("id: nano-smoke-b", "id: judge"))
    judged = write_yaml("judged.yaml", {**study_config, "cards": ["."], "judge": {"model": "judge"}})
    assert [path.resolve() for path in pin.study_cards(judged)] == [model, model.with_name("judge.yaml"), benchmark]


# The command line, with the real client.


@pytest.fixture
def server(tmp_path):
    server = HubServer(tmp_path)
    server.files = {
        "own/model": {},
        "own/data": {"test.jsonl": b'{"unique_id": "a", "problem": "1+1?", "answer": "2"}\n'},
    }
    yield server
    server.close()


def outcomes(result) -> dict:
    """Return outcomes by card, as the table says."""
    lines = [line.split() for line in result.stdout.splitlines()[:-1]]
    return {("tiny" if "tiny" in words else "sums"): words[0] for words in lines}


def test_a_study_is_pinned_and_checked(server, model, benchmark, write_yaml, study_config):
    write_yaml("study.yaml", {**study_config, "cards": ["."]})
    command = ("-m", "paretoscope.pin", "--study", "study.yaml")
    checked = server.run(*command, "--check")
    assert checked.returncode == 1 and outcomes(checked) == {"tiny": "UNPINNED", "sums": "UNPINNED"}
    pinned = server.run(*command)
    assert pinned.returncode == 0, pinned.stderr
    assert outcomes(pinned) == {"tiny": "pinned", "sums": "pinned"}
    assert pinned.stdout.endswith("2 pinned\n")
    assert REVISION in model.read_text() and REVISION in benchmark.read_text()
    server.requests.clear()
    again = server.run(*command)
    assert again.returncode == 0 and again.stdout.endswith("2 as it was\n") and server.requests == []
    checked = server.run(*command, "--check")
    assert checked.returncode == 0 and outcomes(checked) == {"tiny": "there", "sums": "there"}


@pytest.mark.parametrize(
    ("hub_id", "environment", "told"),
    [
        ("nobody/model", {}, "no such repository"),
        ("own/model", {"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE forbids the network"),
        ("own/model", {"HF_ENDPOINT": "http://127.0.0.1:9"}, "the hub can't be reached"),
    ],
)
def test_what_cannot_be_pinned_is_told_and_left(server, model, hub_id, environment, told):
    model.write_text(model.read_text().replace("own/model", hub_id))
    before = model.read_bytes()
    result = server.run("-m", "paretoscope.pin", model, **environment)
    assert result.returncode == 1 and result.stdout.startswith("FAILED") and told in result.stdout
    assert result.stdout.endswith("1 FAILED\n")
    assert model.read_bytes() == before


def test_a_commit_that_is_gone_fails_the_check_and_does_not_stop_it(server, model, benchmark):
    model.write_text(model.read_text().replace("null", f"'{'b' * 40}'", 1))
    benchmark.write_text(benchmark.read_text().replace("null", f"'{REVISION}'", 1))
    result = server.run("-m", "paretoscope.pin", "--check", model, benchmark)
    assert result.returncode == 1
    assert outcomes(result) == {"tiny": "FAILED", "sums": "there"}
    assert "no such commit, or no longer" in result.stdout


def test_a_hub_that_names_no_commit_is_told(server, model):
    server.files["own/model"] = {}
    forged = NO_WAITING + (
        "import sys, huggingface_hub.hf_api as api\n"
        "api.HfApi.repo_info = lambda *_, **__: api.ModelInfo(id='own/model', sha='main\\nkind: moe')\n"
        "from paretoscope.pin import main; main(sys.argv[1:])"
    )
    result = server.run("-c", forged, model)
    assert result.returncode == 1 and "names no commit of 40 hex digits" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [((), "name cards, or a --study"), (("--study", "absent.yaml"), "absent.yaml: no such file")],
)
def test_a_wrong_call_is_told(server, arguments, told):
    result = server.run("-m", "paretoscope.pin", *arguments)
    assert result.returncode and told in result.stderr and "Traceback" not in result.stderr
