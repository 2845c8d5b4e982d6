"""A study and its cards, read and cross-checked before anything runs."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from . import plugins
from .cards import SCHEMAS, check, check_groups, error_at, read_schema, read_yaml, relative_to, with_booleans
from .errors import InputError, suggest

log = logging.getLogger(__name__)

CATALOG = SCHEMAS.parent

REASONING_TEMPERATURE = 0.6
"""Temperature of a reasoning model whose card doesn't say (arXiv 2512.24776); other models decode greedily."""

RESERVED = ("average", "overview", "costs")
"""Scopes of figures that are no benchmark's."""


@dataclass(frozen=True)
class Study:
    """A study with everything looked up: what the rules read their grid and settings from."""

    name: str
    title: str
    path: Path
    models: dict[str, dict]
    benchmarks: dict[str, dict]
    engine: dict
    samples_per_item: int
    seed: int
    sampling: dict
    finished_only: bool
    analysis: dict
    figures: dict
    excluded: dict[tuple[str, str], str]
    judge: dict | None = None
    """Of the model that judges what the graders leave open: ``model`` (id), ``words`` and ``card``."""
    forced_answers: dict | None = None
    """Where answers are asked for early: ``budgets`` (tokens), ``lead`` and ``max_new_tokens``."""
    warnings: list[str] = field(default_factory=list)

    @property
    def cards(self) -> dict[str, dict]:
        """The cards of all models that are run: those of the grid and, last, the judge's."""
        return {**self.models, **({self.judge["model"]: self.judge["card"]} if self.judge else {})}

    @property
    def cells(self) -> list[tuple[str, str]]:
        """The (model, benchmark) pairs of the grid that are not excluded."""
        return [
            (model, benchmark)
            for model in self.models
            for benchmark in self.benchmarks
            if (model, benchmark) not in self.excluded
        ]

    def engine_of(self, model: str) -> dict:
        """The engine block that answers for a model: a control's own, or the study's with what the card overrides."""
        card = self.cards[model]
        if card["engine"]:
            return {"name": card["engine"]}
        taken = getattr(plugins.load("engines", self.engine["name"]), "CARD_SETTINGS", ())
        return {**self.engine, **{key: value for key, value in card["serving"].items() if key in taken}}

    def is_control(self, model: str) -> bool:
        """Whether the id is a control: a check of the pipeline, no model."""
        return self.cards[model]["kind"] == "control"

    def sampling_of(self, model: str) -> dict:
        """A model's sampling with the study's overrides; a control doesn't sample.

        Keys other than the temperature may be None: then the model's own generation_config.json decides.
        """
        card = self.models[model]
        sampling = {**card["sampling"], **({} if self.is_control(model) else self.sampling)}
        if sampling["temperature"] is None:
            sampling["temperature"] = REASONING_TEMPERATURE if card["type"] == "reasoning" else 0.0
        return sampling

    def samples_of(self, model: str) -> int:
        """Completions per item: one where decoding is greedy, since all would be the same."""
        return 1 if self.sampling_of(model)["temperature"] == 0 else self.samples_per_item

    def items_of(self, benchmark: str) -> int:
        """Items asked of a benchmark: its subset's, or all that its source holds."""
        card = self.benchmarks[benchmark]
        return card["subset"]["items"] if card["subset"] else card["rows"]

    def summary_spec(self, cells: Iterable[tuple[str, str]], unfinished: Iterable[tuple[str, str]]) -> dict:
        """Return what the tables take from the study: the grid, and what the cards say of models and benchmarks."""
        shown = ("name", "family", "kind", "type", "release_date")
        reasons = self.excluded | dict.fromkeys(unfinished, "not finished when the tables were made")
        grid = [(model, benchmark) for model in self.models for benchmark in self.benchmarks]
        return {
            "cells": list(cells),
            "absent": [(*cell, reasons[cell]) for cell in grid if cell in reasons],
            "models": {name: {key: card[key] for key in shown} for name, card in self.models.items()},
            "benchmarks": {name: card["name"] for name, card in self.benchmarks.items()},
        }


def load_study(config: dict, path: Path, catalog: Path = CATALOG) -> Study:
    """Check a study's configuration and look up its cards.

    Parameters
    ----------
    config : dict
        The study as Snakemake merged it.
    path : Path
        The file it is from: relative paths in it are relative to its folder, and errors name it.

    Raises
    ------
    InputError
        The first thing that is wrong, with file, line, key and what would be right.
    """
    read_yaml(path)  # Snakemake takes the last of two equal keys without a word
    if "plots" in config:
        raise error_at(path, ("plots",), "the figures' settings stand under the key figures. Rename it.")
    study = check(with_booleans(config), read_schema("study"), path)
    check_groups(study, path)
    folders = [catalog, *(path.parent / folder for folder in study["cards"])]
    models = _cards(study, "models", "model", folders, path)
    judge = _judge(study, folders, path)
    benchmarks = _cards(study, "benchmarks", "benchmark", folders, path)
    engine = _component(study["engine"], "engines", "name", path, ("engine",))
    module = plugins.load("engines", engine["name"])
    try:
        engine = module.resolve(engine, relative_to(path)) if hasattr(module, "resolve") else engine
    except InputError as error:
        raise error_at(path, ("engine",), str(error)) from None
    loaded = Study(
        name=study["study"],
        title=study["title"] or study["study"],
        path=path,
        models=models,
        benchmarks=benchmarks,
        engine=engine,
        samples_per_item=study["samples_per_item"],
        seed=study["seed"],
        sampling=study["sampling"],
        finished_only=study["finished_only"],
        analysis=study["analysis"],
        figures=study["figures"],
        excluded=_excluded(study, path),
        judge=judge,
        forced_answers=study["forced_answers"],
    )
    _check_study(loaded)
    return loaded


def find_cards(folders: list[Path], kind: str) -> dict[str, Path]:
    """Return the cards in the folders' ``<kind>`` subfolders by id, without parsing them.

    Raises
    ------
    InputError
        Two cards have one id.
    """
    found: dict[str, Path] = {}
    for file in (file for folder in folders for file in sorted((folder / kind).glob("*.yaml"))):
        match = re.search(
            r"^id:[ \t]*[\"']?([^\s\"'#]+)", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
        )
        name = match.group(1) if match else file.stem
        if name in found and not file.samefile(found[name]):
            raise error_at(
                file, ("id",), f"the id '{name}' is already taken by {found[name]}. Give each card an id of its own."
            )
        found[name] = file
    return found


def read_card(file: Path, kind: str) -> dict:
    """Read one card (``kind``: model or benchmark) and check it by itself."""
    card = check(read_yaml(file), read_schema(kind), file)
    if card["id"] != file.stem:
        raise error_at(
            file,
            ("id",),
            f"the id '{card['id']}' isn't the file's name. Call the file {card['id']}.yaml or set id: {file.stem}.",
        )
    return _check_model(card, file) if kind == "model" else _check_benchmark(card, file)


def _cards(study: dict, key: str, kind: str, folders: list[Path], path: Path) -> dict[str, dict]:
    files = find_cards(folders, key)
    where = ", ".join(str(_shown(folder / key)) for folder in folders)
    return {name: _card(name, kind, files, where, path, (key, index)) for index, name in enumerate(study[key])}


def _card(name: str, kind: str, files: dict[str, Path], where: str, path: Path, keys: tuple) -> dict:
    if name not in files:
        for misnamed in (file for file in files.values() if file.stem == name):
            read_card(misnamed, kind)  # says that its id isn't its file's name
        raise error_at(path, keys, f"unknown {kind} '{name}'.{suggest(name, files)} Cards are looked for in {where}.")
    return {**read_card(files[name], kind), "card": str(_shown(files[name]))}


def _judge(study: dict, folders: list[Path], path: Path) -> dict | None:
    """Return the study's judge with its card, checked for what a judge must be."""
    if (judge := study["judge"]) is None:
        return None
    name, keys = judge["model"], ("judge", "model")
    where = ", ".join(str(_shown(folder / "models")) for folder in folders)
    card = _card(name, "model", find_cards(folders, "models"), where, path, keys)
    if name in study["models"]:
        raise error_at(path, keys, f"'{name}' is a model of the study; it can't judge itself.")
    if card["kind"] == "control":
        raise error_at(path, keys, f"'{name}' is a control; a judge is a model.")
    if (card["reasoning"] or {}).get("opened_by_template"):
        reason = f"the chat template of '{name}' opens a reasoning, and its one word would stand there."
        raise error_at(path, keys, f"{reason} Name a card that answers at once.")
    if judge["words"]["correct"] == judge["words"]["wrong"]:
        raise error_at(path, ("judge", "words"), "the two words must differ.")
    return {**judge, "card": card}


def _component(block: dict, folder: str, key: str, path: Path, keys: tuple) -> dict:
    """Check a block that names a component against the settings that the component declares."""
    name = block[key]
    _check_known(folder.rstrip("s"), name, folder, path, (*keys, key))
    settings = plugins.load(folder, name).SETTINGS
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: {"type": "string"}, **settings},
        "required": [setting for setting, part in settings.items() if "default" not in part],
    }
    return check(block, schema, path, keys)


def _check_known(what: str, name: str, folder: str, path: Path, keys: tuple) -> None:
    known = plugins.available(folder)
    if name not in known:
        raise error_at(path, keys, f"unknown {what} '{name}'.{suggest(name, known)}")


def _is_control(engine) -> bool:
    return getattr(engine, "CONTROL", False)


def _check_model(card: dict, file: Path) -> dict:
    control = card["kind"] == "control"
    if control != (card["type"] == "control") or control != (card["engine"] is not None):
        raise error_at(
            file,
            ("kind",),
            "a control has kind: control, type: control and an engine; any other model has none of these.",
        )
    if control:
        controls = [name for name in plugins.available("engines") if _is_control(plugins.load("engines", name))]
        if card["engine"] not in controls:
            raise error_at(
                file, ("engine",), f"'{card['engine']}' is no control engine.{suggest(card['engine'], controls)}"
            )
        for key in ("source", "release_date"):
            if card[key] is not None:
                raise error_at(file, (key,), "a control has none; set it to null.")
        return card
    if card["source"] is None:
        raise error_at(file, ("source",), "null is for controls; give hub_id and revision, a path, or training.")
    try:
        date.fromisoformat(card["release_date"] or "")
    except ValueError as error:
        raise error_at(
            file, ("release_date",), f'{card["release_date"]!r} isn\'t a day; write it as "2026-01-31".'
        ) from error
    if card["architecture"]:
        keys = ("architecture", "model_type")
        _check_known("model_type", card["architecture"]["model_type"], "flops/architectures", file, keys)
    if card["architecture"] and card["config"]:
        raise error_at(file, ("config",), "give architecture or config, not both.")
    if "training" in card["source"] and not card["architecture"]:
        raise error_at(file, ("source",), "a model that the workflow trains needs its architecture in the card.")
    resolve = relative_to(file)
    if card["config"]:
        card["config"] = resolve(card["config"])
    if "path" in card["source"]:
        card["source"]["path"] = resolve(card["source"]["path"])
    return card


def _check_benchmark(card: dict, file: Path) -> dict:
    _check_known("format", card["format"], "benchmarks", file, ("format",))
    columns = plugins.load("benchmarks", card["format"]).COLUMNS
    for column in () if "generator" in card["source"] else columns:
        if column not in card["columns"]:
            raise error_at(
                file, ("columns",), f"the format '{card['format']}' needs to know which column is '{column}'."
            )
    if card["subset"] and card["subset"]["items"] > card["rows"]:
        raise error_at(
            file, ("subset", "items"), f"{card['subset']['items']} items, but the source holds {card['rows']} (rows)."
        )
    if card["id"] in RESERVED:
        raise error_at(file, ("id",), f"'{card['id']}' names a figure of all benchmarks; choose another id.")
    placeholders = {"{question}": "the problem would not be asked"}
    if "distractors" in columns:
        placeholders["{choices}"] = "the options would not be shown"
    for placeholder, consequence in placeholders.items():
        if placeholder not in card["prompt"]["template"]:
            raise error_at(file, ("prompt", "template"), f"the text {placeholder} is missing, so {consequence}.")
    card["grading"] = _component(card["grading"], "graders", "grader", file, ("grading",))
    if "path" in card["source"]:
        card["source"]["path"] = relative_to(file)(card["source"]["path"])
    return card


def _excluded(study: dict, path: Path) -> dict[tuple[str, str], str]:
    for index, cell in enumerate(study["exclude"]):
        for key in ("model", "benchmark"):
            if cell[key] not in study[f"{key}s"]:
                raise error_at(
                    path,
                    ("exclude", index, key),
                    f"'{cell[key]}' isn't among the study's {key}s.{suggest(cell[key], study[f'{key}s'])}",
                )
    return {(cell["model"], cell["benchmark"]): cell["reason"] for cell in study["exclude"]}


def _check_study(study: Study) -> None:
    """Check what no single card can say, and collect warnings."""
    module = plugins.load("engines", study.engine["name"])
    if _is_control(module):
        reason = f"'{study.engine['name']}' is a control"
        message = f"{reason}; it stands in the grid as a model card, not as the study's engine."
        raise error_at(study.path, ("engine", "name"), message)
    if not study.cells:
        raise error_at(study.path, ("exclude",), "every cell is excluded; nothing is left to do.")
    if all(study.is_control(model) for model, _ in study.cells):
        raise error_at(study.path, ("models",), "there are only controls; add a model to compare.")
    for key, ability, reason in (
        ("judge", "CONSTRAINS", "can't hold a judge to its two words"),
        ("forced_answers", "CONTINUES", "can't go on from a response that was cut"),
    ):
        if getattr(study, key) and not getattr(module, ability, False):
            reason = f"the engine '{study.engine['name']}' {reason}."
            raise error_at(study.path, (key,), f"{reason} Leave {key} out, or use another engine.")
    for name, card in study.cards.items():
        training = (card["source"] or {}).get("training")
        if training:
            _check_training(study, name)
        if study.is_control(name):
            continue
        if not module.NEEDS_WEIGHTS and not (card["architecture"] or card["config"] or training):
            raise InputError(
                f"{card['card']}: the engine '{study.engine['name']}' brings no weights, so FLOPs need the model's shape: give architecture (facts of its config.json) or config (the path of one)."
            )
        if name in study.models and study.sampling_of(name)["temperature"] == 0 and study.samples_per_item > 1:
            study.warnings.append(
                f"{name} decodes greedily: it gets one sample per item, not {study.samples_per_item}."
            )
    needed = [*(study.cards.values() if module.NEEDS_WEIGHTS else ()), *study.benchmarks.values()]
    unpinned = [card["card"] for card in needed if (card["source"] or {}).get("revision", "") is None]
    if unpinned:
        study.warnings.append(
            f"revision is null on {len(unpinned)} card(s), first {unpinned[0]}: planned, but not run until `make pin STUDY={_shown(study.path)}` has pinned them."
        )


def _check_training(study: Study, name: str) -> None:
    """Follow a trained model to the random weights that it all began with."""
    line = [name]
    while init := study.cards[line[-1]]["source"]["training"]["init"]:
        if init not in study.models:
            raise error_at(
                study.path,
                ("models",),
                f"'{line[-1]}' continues the training of '{init}', which must be in the study too.",
            )
        card = study.models[line[-1]]["card"]
        if "training" not in (study.models[init]["source"] or {}):
            raise InputError(
                f"{card}: init is '{init}', which the workflow doesn't train itself. Name a card that has training."
            )
        if init in line:
            raise InputError(
                f"{card}: init leads in a circle: {' -> '.join([*line, init])}. One of them must start from null."
            )
        line.append(init)


def _shown(path: Path) -> Path:
    """Return a card's path as messages show it: the workflow's own cards from the repository's root."""
    path = Path(path)
    return path.relative_to(CATALOG.parent) if path.is_relative_to(CATALOG) else Path(os.path.relpath(path))


__all__ = ["CATALOG", "Study", "find_cards", "load_study", "read_card"]
