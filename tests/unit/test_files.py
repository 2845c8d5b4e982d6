import gzip
import json
import os
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from paretoscope import files
from paretoscope.errors import InputError
from paretoscope.schema import Column

ROWS = [{"id": index, "text": f"row {index} \u2028 é"} for index in range(300)]

# A model may emit half of a character.
HALVED = st.tuples(st.text(max_size=3), st.characters(categories=["Cs"]), st.text(max_size=3)).map("".join)
NUMBERS = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | HALVED,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def write(path: Path, rows=ROWS) -> Path:
    if path.suffix == ".gz":
        with gzip.open(path, "wt", encoding="utf-8") as stream:
            stream.writelines(files.dumps(row) + "\n" for row in rows)
    else:
        files.write_jsonl(path, rows)
    return path


def read(path: Path) -> list[dict]:
    return [row for _, row in files.read_jsonl(path)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
def test_rows_come_back_with_their_line_numbers(tmp_path, name):
    assert list(files.read_jsonl(write(tmp_path / name))) == list(enumerate(ROWS, start=1))


@given(st.lists(st.dictionaries(st.text(max_size=3), JSON, max_size=3), max_size=4))
def test_any_row_comes_back(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "any.jsonl.zst"
    assert files.write_jsonl(path, rows) == len(rows)
    assert read(path) == rows


def test_lone_surrogates_come_back_and_leave_other_text_readable(tmp_path):
    files.write_jsonl(tmp_path / "a.jsonl", [{"text": "é \ud83d"}, {"text": "é"}])
    assert read(tmp_path / "a.jsonl") == [{"text": "é \ud83d"}, {"text": "é"}]
    assert "é" in (tmp_path / "a.jsonl").read_text(encoding="utf-8")
    files.write_json(tmp_path / "a.json", {"text": "é \ud83d"})
    assert files.read_json(tmp_path / "a.json") == {"text": "é \ud83d"}


def test_bytes_depend_on_the_rows_alone(tmp_path):
    first, second = tmp_path / "a.jsonl.zst", tmp_path / "longer-name.jsonl.zst"
    files.write_jsonl(first, ROWS)
    files.write_jsonl(second, iter(ROWS))
    assert first.read_bytes() == second.read_bytes()
    files.write_jsonl(second, ROWS[:-1])
    assert first.read_bytes() != second.read_bytes()


def test_blank_lines_are_skipped_but_counted(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'\n{"a":1}\r\n  \n{"a":2}')
    assert list(files.read_jsonl(tmp_path / "a.jsonl")) == [(2, {"a": 1}), (4, {"a": 2})]


def test_zstd_files_of_several_frames_are_read_whole(tmp_path):
    packed = [zstandard.ZstdCompressor().compress(files.dumps(row).encode() + b"\n") for row in ROWS]
    (tmp_path / "a.jsonl.zst").write_bytes(b"".join(packed))
    assert read(tmp_path / "a.jsonl.zst") == ROWS


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 1])
def test_a_packed_file_that_is_cut_short_is_refused(tmp_path, name, share):
    rows = [{"text": os.urandom(30).hex()} for _ in range(500)]
    path = write(tmp_path / name, rows)
    content = path.read_bytes()
    path.write_bytes(content[: int((len(content) - 1) * share)])
    with pytest.raises(InputError, match=rf"{name}, after line \d+: can't be read to its end .*get it again"):
        read(path)


def test_an_empty_zstd_file_is_refused(tmp_path):
    (tmp_path / "a.jsonl.zst").write_bytes(b"")
    with pytest.raises(InputError, match="cut short"):
        read(tmp_path / "a.jsonl.zst")


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
def test_a_file_that_is_not_packed_is_refused(tmp_path, name):
    (tmp_path / name).write_text('{"a":1}\n')
    with pytest.raises(InputError, match=f"{name}, after line 0: can't be read"):
        read(tmp_path / name)


def test_damage_in_the_middle_of_a_gzip_file_is_told(tmp_path):
    path = write(tmp_path / "a.jsonl.gz", [{"text": os.urandom(30).hex()} for _ in range(500)])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.jsonl\.gz, (after )?line \d+"):
        read(path)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{", "not JSON: .* column 2"),
        (b"not json", "not JSON"),
        (b'{"a": 1} {"a": 2}', "not JSON: Extra data at column 10"),
        (b"[1, 2]", "expected a JSON object, found list"),
        (b"null", "expected a JSON object, found NoneType"),
        (b'{"a": "\xff"}', "not UTF-8: invalid start byte at byte 8"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"[" * 100_000, "recursion"),
        (b'{"a": ' + b"1" * 5000 + b"}", "4300 digits"),
    ],
)
@pytest.mark.parametrize("before", [0, 5000])
def test_a_bad_line_is_named(tmp_path, line, what, before):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n' * before + line + b'\n{"a": 1}\n')
    with pytest.raises(InputError, match=rf"a\.jsonl, line {before + 1}: .*{what}"):
        read(path)


@pytest.mark.parametrize("reader", [files.read_json, lambda path: list(files.read_jsonl(path))])
def test_an_absent_file_and_a_folder_are_told(tmp_path, reader):
    with pytest.raises(InputError, match=r"absent\.jsonl: no such file"):
        reader(tmp_path / "absent.jsonl")
    with pytest.raises(InputError, match=r"can't be read.*directory"):
        reader(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": "\xff"}', b"[" * 100_000])
def test_bad_json_files_are_told(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.json: not JSON"):
        files.read_json(tmp_path / "a.json")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_not_written(tmp_path, bad):
    with pytest.raises(ValueError):
        files.write_json(tmp_path / "a.json", {"a": bad})
    assert list(tmp_path.iterdir()) == []


def failing_rows():
    yield {"a": 1}
    raise RuntimeError("the source broke")


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.zst"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, name):
    path = write(tmp_path / name)
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="the source broke"):
        files.write_jsonl(path, failing_rows())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stands_until_the_new_one_is_in_place(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    path = write(tmp_path / "a.jsonl")
    before = path.read_bytes()
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError, match="can't be written: No space left on device"):
        files.write_jsonl(path, [])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_first_write_makes_the_folder(tmp_path):
    files.write_text(tmp_path / "new" / "deep" / "a.txt", "text")
    assert (tmp_path / "new" / "deep" / "a.txt").read_text() == "text"


def test_a_file_in_place_of_a_folder_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/a\.txt: can't be written: .*choose another folder"):
        files.write_text(tmp_path / "file" / "a.txt", "text")


LIMITED = """
import resource, sys
from paretoscope import files
from paretoscope.errors import InputError
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
import os
rows = ({"text": os.urandom(300).hex()} for _ in range(1000))
try:
    files.write_jsonl(sys.argv[1], rows)
except InputError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.zst"])
def test_a_write_that_finds_no_room_says_so_and_keeps_the_old_file(tmp_path, in_process, name):
    path = write(tmp_path / name, [{"a": 1}])
    before = path.read_bytes()
    message = in_process(LIMITED, path).stdout
    assert f"{path}: can't be written: File too large. Free some space" in message
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device that is always full")
def test_a_full_disk_is_told(tmp_path, monkeypatch):
    normal = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *args, **kwargs: normal(Path("/dev/full"), *args, **kwargs))
    with pytest.raises(InputError, match=r"a\.jsonl: can't be written: No space left on device. Free some space"):
        files.write_jsonl(tmp_path / "a.jsonl", ROWS)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tables_come_back(tmp_path, suffix):
    import pandas as pd

    table = pd.DataFrame({"model": ["NA", "b"], "tokens": [1.5, None]})
    path = tmp_path / f"table{suffix}"
    files.write_table(path, table)
    columns = (Column("model", "str", "", ""), Column("tokens", "float64", "tokens", ""))
    back = pd.read_parquet(path) if suffix == ".parquet" else files.read_table(path, columns)
    pd.testing.assert_frame_equal(back, table)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", ["model\na\n", "model,tokens\na,many\n", ""])
def test_another_table_than_declared_is_refused(tmp_path, content):
    (tmp_path / "table.csv").write_text(content)
    columns = (Column("model", "str", "", ""), Column("tokens", "float64", "tokens", ""))
    with pytest.raises(InputError, match=r"table\.csv: not the table it should be"):
        files.read_table(tmp_path / "table.csv", columns)


def test_digest_is_of_the_value_not_of_its_spelling():
    assert files.digest({"a": 1, "b": [2]}) == files.digest(json.loads('{"b": [2], "a": 1}'))
    assert files.digest({"a": 1}) != files.digest({"a": "1"})
    assert files.digest([["a"], "b"]) != files.digest(["a", ["b"]])
    assert files.digest("\ud83d") != files.digest("?")


def test_sha256_is_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert files.sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
