"""Print what a study will take on a GPU: completions, tokens, memory, GPU-hours and disk, before anything is submitted.

``python -m paretoscope.plan --configfile config/config.yaml --device h100-80gb``
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from .. import hub
from ..cards import SCHEMAS, read_yaml
from ..catalog import Study, load_study
from ..devices import load_device
from ..errors import InputError
from . import Plan, plan_study
from .show import as_csv, as_json, as_text


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m paretoscope.plan", description=__doc__.splitlines()[0])
    parser.add_argument("--configfile", type=Path, default=SCHEMAS.parent / "config.yaml", help="the study")
    parser.add_argument("--device", default="h100-80gb", help="a card of config/devices (default: %(default)s)")
    parser.add_argument("--results", type=Path, help="the study's results (default: results/<study>)")
    parser.add_argument(
        "--earlier", type=Path, action="append", default=[], help="results of another study, to learn from; repeatable"
    )
    parser.add_argument(
        "--fetch-configs", action="store_true", help="first get the config.json of every pinned model (some kilobytes)"
    )
    parser.add_argument("--json", action="store_const", const=as_json, default=as_text, dest="show", help="print JSON")
    parser.add_argument("--csv", action="store_const", const=as_csv, dest="show", help="print CSV, a row per cell")
    options = parser.parse_args(arguments)
    try:
        plan = _plan(options)
    except InputError as error:
        sys.exit(str(error))
    try:
        print(options.show(plan), flush=True)
    except BrokenPipeError:  # the reader had enough, as `| head` has; nothing more may be written at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _plan(options: argparse.Namespace) -> Plan:
    for folder in [*filter(None, [options.results]), *options.earlier]:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder of results.")
    config = read_yaml(options.configfile)
    study = load_study(config, options.configfile)
    folders = [SCHEMAS.parent, *(options.configfile.parent / folder for folder in config.get("cards", ()))]
    device = load_device(options.device, folders)
    if options.fetch_configs:
        fetch_configs(study)
    return plan_study(study, device, options.results or Path("results", study.name), options.earlier)


def fetch_configs(study: Study) -> None:
    """Fetch the config.json of the study's pinned models into the hub's cache, where the plan finds it.

    Raises
    ------
    InputError
        The hub refuses or can't be reached.
    """
    for card in study.models.values():
        if (card["source"] or {}).get("revision"):
            hub.fetch(card["source"], ["config.json"])


if __name__ == "__main__":
    main()
