"""Engines: what turns requests into completions. One file each; the file's name is the engine's name in a study.

Every engine file has

- ``PROTOCOL``, an integer, part of every completion's key: raise it when a request would get another answer;
- ``NEEDS_WEIGHTS``: whether it loads the model's weights;
- ``KEEPS``: whether completions are worth keeping in the completion store;
- ``KEYED_SETTINGS``: names of the settings that change what is generated; they are part of every completion's key too;
- ``SETTINGS``: JSON schema properties of its settings in a study; those without a default must be given;
- ``files(settings, model, benchmark) -> list[str]``: files that a cell's completions depend on, beside the weights;
- ``open_engine(model, sampling, settings, files)``: a context manager that gives an object with ``describe() -> dict``
  (version, device, sampling in force) and ``generate(requests) -> Iterator[list[Completion]]``, in batches as they
  finish, in any order.

A control also has ``CONTROL = True`` and ``EXPECTED_ACCURACY``: it answers in the grid without a model, and is known to
score 1 or 0. An engine whose settings hold paths also has ``resolve(settings, relative) -> dict``, which applies
``relative`` to each of them.
"""
