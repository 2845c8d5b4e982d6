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
PRECISION = ("dtype", "quantization_config")
"""Keys of a config.json that say in how many bytes weights are stored; ``torch_dtype`` is read as ``dtype``."""


def fetch(card: dict, needs_weights: bool, revision_path: Path, config_path: Path) -> None:
    """Fetch a model and write its revision file and its config.json.

    A recording's model needs no weights: its config.json then comes from the card, and its revision is the card's,
    which may be unknown (null). The revision file depends on the model alone, not on when or where it was fetched.

    Raises
    ------
    InputError
        The card isn't pinned, the model can't be had, its architecture is unknown, or the card states another.
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
    if card["architecture"]:
        _check_architecture(card, config)
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


def _check_architecture(card: dict, config: dict) -> None:
    """Refuse a config.json that isn't what the card states, since plans are made from the card.

    Either may leave out a key whose default the other writes down, so shapes are compared as described. Precisions are
    compared where both name one.
    """
    stated = card["architecture"]
    try:
        shapes = [flops.describe(stated), flops.describe(config)]
    except InputError as error:
        raise InputError(f"{card['card']}: architecture: {error}") from error
    different = _different(stated, config)
    if shapes[0] == shapes[1] and not different.keys() & set(PRECISION):
        return
    values = [f"{key} is {mine!r} in the card and {theirs!r} there" for key, (mine, theirs) in different.items()]
    sizes = " and ".join(f"{shape.parameters.total:,}" for shape in shapes)
    raise InputError(
        f"{card['card']}: architecture isn't what the model's config.json says: {'; '.join(values) or 'the card leaves out a key that matters'} ({sizes} parameters). Correct the card, or the revision that it names."
    )


def _different(stated: dict, config: dict) -> dict[str, tuple]:
    """Return the keys that card and config.json give with other values: key -> the card's, config.json's."""
    text = config.get("text_config")
    inner = {key: value for key, value in text.items() if value is not None} if isinstance(text, dict) else {}
    mine, theirs = _with_one_dtype(stated), _with_one_dtype({**config, **inner})
    scheme = theirs.get("quantization_config")
    if isinstance(scheme, dict):
        # The card gives of it only what decides how many bytes a weight takes.
        theirs["quantization_config"] = {key: scheme.get(key) for key in mine.get("quantization_config") or ()}
    both = [key for key, value in mine.items() if value is not None and theirs.get(key) is not None]
    return {key: (mine[key], theirs[key]) for key in both if mine[key] != theirs[key]}


def _with_one_dtype(config: dict) -> dict:
    return {"dtype" if key == "torch_dtype" else key: value for key, value in config.items()}


def _require_pin(card: dict) -> None:
    if card["source"]["revision"] is None:
        raise InputError(
            f"{card['card']}: revision is null. `make pin` writes the current commit of {card['source']['hub_id']} there; or give the 40-hex commit that you want. Then run again."
        )
