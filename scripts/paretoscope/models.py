"""Bringing a model in: its weights from the hub or a folder, its config.json, and one revision that names both."""

from __future__ import annotations

import logging
from pathlib import Path

from . import flops
from .errors import InputError
from .files import read_json, sha256, write_json

log = logging.getLogger(__name__)

WEIGHT_FILES = (
    "*.safetensors",
    "*.safetensors.index.json",
    "*.json",
    "tokenizer*",
    "*.model",
    "*.jinja",
    "*.txt",
    "*.tiktoken",
)
COPIES = ("original/*", "metal/*")
"""Folders in which repositories keep the same weights in another layout."""


def fetch(card: dict, needs_weights: bool, revision_path: Path, config_path: Path) -> None:
    """Fetch a model and write its revision file and its config.json.

    A recording's model needs no weights: its config.json then comes from the card, and its revision is the card's,
    which may be unknown (null).

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
    else:
        config = _local_config(_download(card, ("config.json",)), card)
        revision = {"revision": source["revision"], "source": "hub", "hub_id": source["hub_id"]}
    try:
        flops.describe(config)
    except InputError as error:
        raise InputError(f"{card['card']}: {error}") from error
    if revision["source"] == "hub":
        _download(card, WEIGHT_FILES)  # gigabytes, so only once the shape is known to be usable
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
        return _download_folder(source, WEIGHT_FILES, local_files_only=True)
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


def _local_config(folder: Path, card: dict) -> dict:
    if not (folder / "config.json").is_file():
        raise InputError(
            f"{folder}: no config.json there, so it is no model folder in Hugging Face format (named in {card['card']})."
        )
    return read_json(folder / "config.json")


def _download(card: dict, patterns: tuple[str, ...]) -> Path:
    if card["source"]["revision"] is None:
        raise InputError(
            f"{card['card']}: revision is null. Pin it to the 40-hex commit of {card['source']['hub_id']} that you want, then run again."
        )
    return _download_folder(card["source"], patterns, local_files_only=False)


def _download_folder(source: dict, patterns: tuple[str, ...], local_files_only: bool) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    where = f"{source['hub_id']} at {source['revision']}"
    try:
        return Path(
            snapshot_download(
                source["hub_id"],
                revision=source["revision"],
                allow_patterns=list(patterns),
                ignore_patterns=list(COPIES),
                local_files_only=local_files_only,
            )
        )
    except GatedRepoError as error:
        raise InputError(
            f"{where}: access is gated. Accept the licence on the model's page and log in with `hf auth login`."
        ) from error
    except RevisionNotFoundError as error:
        raise InputError(f"{where}: there is no such commit. Correct the card's revision.") from error
    except RepositoryNotFoundError as error:
        raise InputError(
            f"{where}: no such repository, or no access to it. Correct hub_id or log in with `hf auth login`."
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        hint = (
            "Its weights are not in the local cache; run the fetch_model rule on a machine with network access."
            if local_files_only
            else "Check the network and the free disk space."
        )
        raise InputError(f"{where}: {error}. {hint}") from error
