"""Engines: what turns requests into completions. One file each; the file's name is the engine's name in a study.

Every engine file has

- ``PROTOCOL``, an integer, part of every completion's key: raise it when a request would get another answer;
- ``NEEDS_WEIGHTS``: whether it loads the model's weights;
- ``KEEPS``: whether completions are worth keeping in the completion store;
- ``KEYED_SETTINGS``: names of the settings that change what is generated; they are part of every completion's key too;
- ``SETTINGS``: JSON schema properties of its settings in a study; those without a default must be given;
- ``files(settings, model, benchmark) -> list[str]``: files that a cell's completions depend on, beside the weights;
- ``ENVIRONMENT``: the file of envs/ that a job with it runs in;
- ``open_engine(model, sampling, settings, files)``: a context manager that gives an object with ``describe() -> dict``
  (version, device, sampling in force) and ``generate(requests) -> Iterator[list[Completion]]``, in batches as they
  finish, in any order. Special tokens stay in the text. ``model`` holds what ``generate.MODEL_KEYS`` takes from the
  card, ``weights`` (folder, or None) and ``log`` (a path for what a server prints).

A control also has ``CONTROL = True`` and ``EXPECTED_ACCURACY``: it answers in the grid without a model, and is known to
score 1 or 0. An engine that a model card may tell how to serve its model lists those settings in ``CARD_SETTINGS``. An
engine whose settings hold paths also has ``resolve(settings, relative) -> dict``, which applies ``relative`` to each of
them. An engine that holds completions to their requests' ``choices`` has ``CONSTRAINS = True``; no other may judge.
One that reads a request's ``cut`` response after the prompt has ``CONTINUES = True``; no other may force answers.

What a cell has cost, the engine's object may tell by ``costs() -> dict``: those keys of ``generate.COSTS`` that it
knows, and ``unmeasured``, the reason for each that can't be measured; one that loads again while it generates tells by
``loading_seconds() -> float`` how long it has been loading in all. Sampling settings that had no effect, and the seed
where it had none, are in ``describe()`` under ``ignored``, each with the reason; ``sampling`` and ``seed`` there are
those in force where they aren't the study's, None where nobody knows.
"""
