"""A cell that is killed at fifty random points ends in the bytes of one that was left alone."""

import importlib.util
import json
import random
from pathlib import Path

import pytest

from paretoscope.files import read_jsonl

SPEC = importlib.util.spec_from_file_location("kills", Path(__file__).parents[1] / "sglang_cpu" / "kills.py")
kills = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(kills)


@pytest.mark.parametrize(("count", "gap", "job_share"), [(44, 0.9, 0.0), (6, 8.0, 1.0)], ids=["server", "job"])
def test_fifty_kills_change_nothing(stand_in, random_model, tmp_path, count, gap, job_share):
    def cell(name):
        (tmp_path / name).mkdir()
        engine = {"python": str(stand_in.python), "concurrency": 8}
        return kills.Cell(tmp_path / name, random_model, engine, items=50, samples=4)

    stand_in.faults()
    undisturbed = kills.generate(cell("undisturbed"))
    stand_in.faults(*[{"token_seconds": 0.004}] * 500)
    done, rng, cells = 0, random.Random(count), 0
    while done < count:
        disturbed, cells = cell(f"disturbed {cells}"), cells + 1
        output, more = kills.generate_under_kills(disturbed, count - done, gap, rng, job_share)
        assert output == undisturbed
        done += more
    rows = [row for _, row in read_jsonl(disturbed.folder / "store.jsonl") if "text" in row]
    assert len(rows) == len({row["key"] for row in rows}) == 200, "a finished completion was generated again"
    assert json.loads((disturbed.folder / "meta.json").read_text())["completions"] == 200
