"""The site file, what the Slurm profile makes of it, and the rules that the profile names."""

import re
from pathlib import Path

import pytest
import yaml

from paretoscope import cluster
from paretoscope.cluster import default_resources, read_site, status_command
from paretoscope.errors import InputError

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "slurm/config.v9+.yaml"


def rules() -> set[str]:
    text = "\n".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    return set(re.findall(r"^rule (\w+):", text, re.MULTILINE))


def test_without_a_site_file_everything_is_the_clusters_default(tmp_path):
    site = read_site(tmp_path / "none.yaml")
    assert (site.account, site.partition, site.gpu.partition, site.gpu.model) == (None, None, None, None)
    assert default_resources(site).keys() == {"mem_mb", "runtime", "tmpdir"}


def test_example_is_a_site_with_every_key():
    site = read_site(ROOT / "slurm/site.example.yaml")
    written = yaml.safe_load((ROOT / "slurm/site.example.yaml").read_text())
    assert written.keys() == cluster.Site.__dataclass_fields__.keys()
    assert written["gpu"].keys() == cluster.Gpu.__dataclass_fields__.keys()
    assert (site.account, site.gpu.model, site.gpu.cpus) == ("my-project", "h100", 8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("partiton: cpu\n", "line 1: partiton: unknown key. Did you mean 'partition'?"),
        ("account: 12345\n", "Put it in quotes"),
        ("gpu:\n  cpus: 0\n", "line 2: gpu.cpus"),
        ("gpu: {model: 'h100:4'}\n", "gpu.model"),
        ("max_hours: 0\n", "max_hours"),
        ("scratch: tmp\n", "scratch"),
        ("partition: 'cpu; rm -rf ~'\n", "partition"),
        ("software: pip\n", "software"),
        ("- cpu\n", "found a list"),
    ],
)
def test_wrong_site_file_says_what_is_wrong(tmp_path, text, message):
    path = tmp_path / "site.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_site(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", ["gpu-2", "2024", "cpu"])
def test_names_stay_names(tmp_path, name):
    """Snakemake evaluates default resources where it can."""
    path = tmp_path / "site.yaml"
    path.write_text(f"partition: '{name}'\naccount: '{name}'\nqos: '{name}'\nscratch: /scratch/{name}\n")
    resources = default_resources(read_site(path))
    named = {key: eval(resources[key]) for key in ("slurm_partition", "slurm_account", "qos", "tmpdir")}
    assert named == {"slurm_partition": name, "slurm_account": name, "qos": name, "tmpdir": f"/scratch/{name}"}


@pytest.mark.parametrize(
    ("answer", "command"),
    [
        ("echo AccountingStorageType = accounting_storage/slurmdbd", "sacct"),
        ("echo AccountingStorageType = accounting_storage/none", "squeue"),
        ("exit 1", "squeue"),
        (None, "squeue"),
    ],
)
def test_state_of_jobs_is_asked_where_it_is_known(tmp_path, monkeypatch, answer, command):
    monkeypatch.setenv("PATH", str(tmp_path))
    if answer:
        (tmp_path / "scontrol").write_text(f"#!/bin/sh\n{answer}\n")
        (tmp_path / "scontrol").chmod(0o755)
    assert status_command() == command


def test_profile_ends_with_the_message_where_the_site_file_is_wrong(tmp_path, monkeypatch):
    path = tmp_path / "site.yaml"
    path.write_text("acount: x\n")
    monkeypatch.setattr(cluster.read_site, "__defaults__", (path,))
    with pytest.raises(SystemExit, match=r"Error: .*acount: unknown key. Did you mean 'account'\?"):
        cluster.profile()


def test_profile_names_rules_that_there_are():
    groups = yaml.safe_load(PROFILE.read_text())["groups"]
    local = (ROOT / "rules/resources.smk").read_text().partition("localrules:")[2]
    local = set(re.findall(r"^    (\w+),$", local, re.MULTILINE))
    assert local and local <= rules()
    assert groups.keys() <= rules() - local


def test_components_are_joined_for_groups_that_there_are():
    profile = yaml.safe_load(PROFILE.read_text())
    assert profile["group-components"].keys() <= set(profile["groups"].values())
