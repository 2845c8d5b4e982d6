"""Bringing a model in: its weights from the hub or a folder, its config.json, and one revision that names both."""

from __future__ import annotations

import logging
from fnmatch import fnmatch
from pathlib import Path

from . import flops, hub
from .errors import InputError
from .files import read_json, sha256, write_json

log = logging.getLogger(__name__)

INDEX = "model.safetensors.index.json"
SMALL_FILES = ("*.json", "*.jinja", "*.model", "*.txt", "*.tiktoken", "tokenizer.model*")
"""Configuration, generation_config, tokenizer and chat template; like the weights only at the top of a repository.

Folders hold the same weights in another layout, adapters or pictures.
"""
OTHER_WEIGHTS = ("consolidated*", "adapter_model*")
"""Safetensors that are no weights of the model in Hugging Face format: its makers' own layout, adapters."""


def fetch(card: dict, needs_weights: bool, revision_path: Path, config_path: Path) -> None:
    """Fetch a model and write its revision file and its config.json.

    A recording's model needs no weights: its config.json then comes from the card, and its revision is the card's,
    which may be unknown (null). The revision file depends on the model alone, not on when or where it was fetched.

    Raises
    ------
    InputError
        The card isn't pinned, the model can't be had, or its architecture is unknown.
    """
    source = card["source"]
    if not needs_weights and (card["architecture"] or card["config"]):
        config = card["architecture"] or read_json(Path(card["config"]))
        revision = {"revision": source.get("revision"), "source": "card"}
    elif "path" in source:
        folder = Path(source["path"])
        config = _local_config(folder, card)
        revision = {"revision": weights_revision(folder), "source": "folder"}
        weight_files(folder, _present(folder), str(folder))
    else:
        _require_pin(card)
        folder = hub.fetch(source, ("config.json", INDEX))
        config = _local_config(folder, card)
        revision = {"revision": source["revision"], "source": "hub", "hub_id": source["hub_id"]}
    try:
        flops.describe(config)
    except InputError as error:
        raise InputError(f"{card['card']}: {error}") from error
    if needs_weights and revision["source"] == "hub":
        revision |= _fetch_files(source, folder)  # gigabytes, so only once the shape is known to be usable
    write_json(config_path, config)
    write_json(revision_path, revision)
    log.info("%s: revision %s", card["id"], revision["revision"])


def weights_folder(source: dict, model_folder: Path) -> Path:
    """Return the folder that holds a model's weights on this machine.

    Parameters
    ----------
    source : dict
        The card's source.
    model_folder : Path
        The model's folder in the results, where the workflow's own training puts its weights.

    Raises
    ------
    InputError
        The weights aren't there.
    """
    if "training" in source:
        folder = model_folder / "weights"
    elif "path" in source:
        folder = Path(source["path"])
    else:
        return _cached_folder(source, model_folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: the model's weights are gone. Delete {model_folder} so that they are made anew.")
    return folder


def weights_revision(folder: Path) -> str:
    """Return 40 hex digits that name a local model: a digest over the names and contents of its files.

    Raises
    ------
    InputError
        The folder holds no safetensors file.
    """
    import hashlib

    files = sorted(file for file in folder.iterdir() if file.is_file())
    if not any(file.suffix == ".safetensors" for file in files):
        raise InputError(f"{folder}: no .safetensors file; pickled weights are not read, since they can run code.")
    listing = "".join(f"{sha256(file)}  {file.name}\n" for file in files)
    return hashlib.sha256(listing.encode()).hexdigest()[:40]


def weight_files(folder: Path, present: set[str], where: str) -> list[str]:
    """Return the names of a model's weight files: those that its index names, or model.safetensors, or all there are.

    Parameters
    ----------
    folder : Path
        Holds the index, where the model has one.
    present : set of str
        Names of the files that the folder or repository holds.
    where : str
        How messages call it.

    Raises
    ------
    InputError
        The index can't be read or names a file that isn't there, or nothing is safetensors.
    """
    if INDEX in present:
        names = _indexed(folder / INDEX)
        if absent := sorted(names - present):
            raise InputError(
                f"{where}: {absent[0]} isn't there, one of {len(absent)} of {len(names)} weight files that {INDEX} names. The model is incomplete."
            )
        return sorted(names)
    if "model.safetensors" in present:
        return ["model.safetensors"]
    found = [name for name in present if name.endswith(".safetensors") and "/" not in name]
    found = [name for name in found if not any(fnmatch(name, other) for other in OTHER_WEIGHTS)]
    if not found:
        raise InputError(
            f"{where}: no .safetensors file in Hugging Face format; pickled weights are not read, since they can run code."
        )
    return sorted(found)


def _indexed(index: Path) -> set[str]:
    names = read_json(index)
    names = names.get("weight_map") if isinstance(names, dict) else None
    if not isinstance(names, dict) or not names or not all(isinstance(name, str) for name in names.values()):
        raise InputError(f"{index}: weight_map must name the file of every weight.")
    return set(names.values())


def _present(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.is_file()}  # a broken link is no file


def _fetch_files(source: dict, folder: Path) -> dict[str, int]:
    """Fetch everything that generating needs, and return how many files and bytes that is."""
    sizes = hub.sizes(source)
    weights = weight_files(folder, set(sizes), f"{source['hub_id']} at {source['revision']}")
    small = [name for name in sizes if "/" not in name and any(fnmatch(name, pattern) for pattern in SMALL_FILES)]
    names = {*weights, *small}
    hub.fetch(source, names)
    return {"files": len(names), "bytes": sum(sizes[name] for name in names)}


def _cached_folder(source: dict, model_folder: Path) -> Path:
    try:
        folder = hub.cached(source)
        weight_files(folder, _present(folder), str(folder))
    except InputError as error:
        raise InputError(
            f"{error} Delete {model_folder / 'revision.json'} and run `snakemake --until fetch_model` where there is a network, with the same HF_HOME."
        ) from error
    return folder


def _local_config(folder: Path, card: dict) -> dict:
    if not (folder / "config.json").is_file():
        raise InputError(
            f"{folder}: no config.json there, so it is no model folder in Hugging Face format (named in {card['card']})."
        )
    return read_json(folder / "config.json")


def _require_pin(card: dict) -> None:
    if card["source"]["revision"] is None:
        raise InputError(
            f"{card['card']}: revision is null. `make pin` writes the current commit of {card['source']['hub_id']} there; or give the 40-hex commit that you want. Then run again."
        )
