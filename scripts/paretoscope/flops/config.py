"""A model's ``config.json``, read with checks: a wrong value is reported by its key instead of counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import InputError

LARGEST_SIZE = 2**31 - 1
"""Far above any real size; keeps the sums of sizes that nobody has checked within reach of integers."""

_LARGEST_OF = {"num_hidden_layers": 100_000}
"""Of what is gone through one by one, less."""

_DESCRIBES = {
    # What no decoder without it can have; null and 0 say that there is none.
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), "routed experts"),
    **dict.fromkeys(("n_shared_experts", "num_shared_experts"), "shared experts"),
    **dict.fromkeys(("kv_lora_rank", "q_lora_rank"), "latent attention"),
    **dict.fromkeys(("ssm_state_size", "mamba_d_state", "mamba_n_heads", "mamba_num_heads"), "state-space layers"),
    **dict.fromkeys(("linear_num_key_heads", "linear_num_value_heads", "linear_attn_config"), "linear attention"),
    **dict.fromkeys(("index_topk", "sparse_attention_config", "compress_ratios"), "sparse attention"),
}

_REQUIRED = object()
_ATTENTION_KINDS = {"full_attention": "full", "sliding_attention": "sliding"}


class Config:
    """Checked access to the keys of a ``config.json``. A key whose value is null counts as absent.

    Parameters
    ----------
    values : mapping
        The parsed ``config.json`` of a language model.
    """

    def __init__(self, values: Mapping, read: set[str] | None = None):
        self._values = values
        self._read = set() if read is None else read

    def _get(self, key: str):
        """Return the value of ``key``, None where it is absent, and note that somebody asked."""
        self._read.add(key)
        return self._values.get(key)

    @property
    def model_type(self) -> str:
        """Value of ``model_type``."""
        return self._values["model_type"]

    def has(self, key: str) -> bool:
        """Return whether the config gives ``key`` a value."""
        return self._get(key) is not None

    def with_defaults(self, **values) -> Config:
        """Return this config with values for keys that are absent: what a family's releases leave out."""
        return self.replaced(**{key: value for key, value in values.items() if self._values.get(key) is None})

    def replaced(self, **values) -> Config:
        """Return this config with other values, whatever it says itself."""
        return Config({**self._values, **values}, self._read)

    def error(self, problem: str) -> InputError:
        """Return an error about this config."""
        return InputError(f"config.json of model_type '{self.model_type}': {problem}")

    def size(self, *keys: str, default=_REQUIRED, minimum: int = 1):
        """Return an integer of at least ``minimum``.

        Parameters
        ----------
        *keys : str
            The key, and other names that it has in some configs. Where several are given they must agree.
        default : int or None
            Value where all keys are absent; without it they must not be.
        minimum : int
            Smallest value allowed.

        Raises
        ------
        InputError
            Key absent, value not an integer in range, or two names of the key that contradict each other.
        """
        given = {key: self._get(key) for key in keys if self._get(key) is not None}
        if not given:
            if default is _REQUIRED:
                raise self.error(f"key '{keys[0]}' is missing; an integer is needed")
            return default
        for key, value in given.items():
            largest = _LARGEST_OF.get(key, LARGEST_SIZE)
            if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= largest:
                raise self.error(f"'{key}' must be an integer from {minimum} to {largest}, not {shown(value)}")
        if len(set(given.values())) > 1:
            raise self.error("keys of one meaning contradict each other: " + _listing(given))
        return next(iter(given.values()))

    def number(self, key: str) -> float:
        """Return a positive number.

        Raises
        ------
        InputError
            Key absent, or its value not a positive number of a sensible size.
        """
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LARGEST_SIZE:
            raise self.error(f"'{key}' must be a positive number, not {shown(value)}")
        return value

    def nullable_size(self, *keys: str, minimum: int = 1) -> int | None:
        """Return an integer, or None where the config says null. A key must be there: absence doesn't say which.

        Raises
        ------
        InputError
            All keys absent, or neither null nor an integer of at least ``minimum``.
        """
        if not any(key in self._values for key in keys):
            raise self.error(f"key '{keys[0]}' is missing; an integer or null is needed")
        return self.size(*keys, default=None, minimum=minimum)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a boolean.

        Raises
        ------
        InputError
            The value is not true or false.
        """
        value = self._get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.error(f"'{key}' must be true or false, not {shown(value)}")
        return value

    def attention_heads(
        self,
        *,
        head_size_required: bool = False,
        kv_heads_required: bool = True,
        kv_heads_key: str = "num_key_value_heads",
        head_size_key: str = "head_dim",
    ) -> tuple[int, int, int]:
        """Return heads, key-value heads and head size of grouped-query attention.

        Absent ``num_key_value_heads``: as many as heads, where not ``kv_heads_required`` (in most families transformers
        takes another number). Absent ``head_dim``: ``hidden_size`` / heads, unless ``head_size_required`` (the model
        family's head size isn't that ratio).

        Raises
        ------
        InputError
            A key that is missing. Heads that aren't a multiple of the key-value heads, or don't divide ``hidden_size``
            where they must.
        """
        heads = self.size("num_attention_heads")
        kv_heads = self.size(kv_heads_key) if kv_heads_required else self.size(kv_heads_key, default=heads)
        if heads % kv_heads:
            raise self.error(
                f"num_attention_heads ({heads}) is not a multiple of {kv_heads_key} ({kv_heads}), "
                "so query heads can't be shared out among them"
            )
        head_size = self.size(head_size_key) if head_size_required else self.size(head_size_key, default=None)
        if head_size is None:
            head_size, rest = divmod(self.size("hidden_size"), heads)
            if rest:
                raise self.error(
                    f"hidden_size is not a multiple of num_attention_heads ({heads}) and head_dim is absent"
                )
        return heads, kv_heads, head_size

    def integers(self, key: str) -> tuple[int, ...]:
        """Return a list of layer indices, as JSON or in a string with commas; empty where the key is absent.

        Raises
        ------
        InputError
            Not a list of integers from 0.
        """
        values = self._get(key)
        if values is None:
            return ()
        if isinstance(values, str):
            parts = values.split(",")
            values = [int(part) if part.strip().isdecimal() and len(part) < 10 else part for part in parts]
        if not isinstance(values, list) or any(type(value) is not int or value < 0 for value in values):
            raise self.error(f"'{key}' must be a list of layer indices, not {shown(values)}")
        return tuple(values)

    def layer_kinds(self, *keys: str, names: Mapping[str, str], beyond: int = 0) -> list[str] | None:
        """Return the kind of each layer as the config lists them, None where it doesn't.

        Parameters
        ----------
        *keys : str
            Keys that may list them, by name or, in a string, by letter. Where several do they must agree.
        names : mapping of str to str
            Name or letter in the config -> kind of layer.
        beyond : int
            Layers of multi-token prediction, which may be listed after the others and are left out.

        Raises
        ------
        InputError
            Neither a list of names nor a string, a name that isn't known, keys that contradict each other, or another
            number of layers than ``num_hidden_layers``, which may be absent.
        """
        listed = {key: self._kinds(key, names) for key in keys if self._get(key) is not None}
        if not listed:
            return None
        key, kinds = next(iter(listed.items()))
        if any(other != kinds for other in listed.values()):
            raise self.error("keys of one meaning contradict each other: " + ", ".join(listed))
        layers = self.size("num_hidden_layers", default=len(kinds))
        if not kinds or len(kinds) not in (layers, layers + beyond):
            raise self.error(f"'{key}' must have one entry per layer ({layers}), not {len(kinds)}")
        return kinds[:layers]

    def _kinds(self, key: str, names: Mapping[str, str]) -> list[str]:
        value = self._get(key)
        if not isinstance(value, list | str):
            raise self.error(f"'{key}' must list the kinds of the layers, not {shown(value)}")
        unknown = [name for name in value if not isinstance(name, str) or name not in names]
        if unknown:
            raise self.error(f"'{key}' has {shown(unknown[0])}; known: {', '.join(map(repr, names))}")
        return [names[name] for name in value]

    def layer_flags(self, key: str, layers: int) -> list[bool] | None:
        """Return a list of 0 and 1 per layer as booleans, None where it is absent or empty.

        Raises
        ------
        InputError
            Not a list of 0 and 1 of at least ``layers`` entries.
        """
        values = self._get(key)
        if values is None or values == []:
            return None
        if not isinstance(values, list) or len(values) < layers or any(value not in (0, 1) for value in values):
            raise self.error(f"'{key}' must be a list of 0 and 1 for num_hidden_layers ({layers}) layers")
        return [value == 1 for value in values[:layers]]

    def rotary_layers(self, layers: int) -> list[bool]:
        """Return which layers have rotary embedding: ``no_rope_layers`` (1: has it), or all but each fourth.

        Raises
        ------
        InputError
            As :meth:`layer_flags`.
        """
        period = self.size("no_rope_layer_interval", default=4)
        return self.layer_flags("no_rope_layers", layers) or [(index + 1) % period != 0 for index in range(layers)]

    def parts(self, key: str) -> list[Config]:
        """Return the objects of a list as configs of their own.

        Raises
        ------
        InputError
            Not a list of objects, or absent.
        """
        values = self._get(key)
        if not isinstance(values, list) or not all(isinstance(value, Mapping) for value in values):
            raise self.error(f"key '{key}' {'is missing; it ' if values is None else ''}must be a list of objects")
        return [Config({**value, "model_type": self.model_type}) for value in values]

    def part(self, key: str) -> Config:
        """Return an object as a config of its own, an empty one where it is absent.

        Raises
        ------
        InputError
            Not an object.
        """
        value = self._get(key)
        if value is not None and not isinstance(value, Mapping):
            raise self.error(f"'{key}' must be an object")
        return Config({**(value or {}), "model_type": self.model_type})

    def parts_by_layer(self, key: str, layers: int) -> list[Config]:
        """Return what an object of objects says of each layer, named by its index ("5" or "05"); empty for the others.

        Raises
        ------
        InputError
            Not an object of objects, or a key that names no layer or one that another key names too.
        """
        overrides = self.part(key)
        named: dict[int, Config] = {}
        for name in overrides._values.keys() - {"model_type"}:
            index = int(name) if name.isascii() and name.isdigit() else layers
            if index >= layers or index in named:
                raise self.error(f"'{key}' has '{name}', which must name one of {layers} layers, from 0 and only once")
            named[index] = overrides.part(name)
        return [named.get(index) or self.part("") for index in range(layers)]

    def refuse(self, *keys: str, because: str) -> None:
        """Raise InputError where a key is set to anything but null, false, 0 or an empty list."""
        for key in keys:
            if self._get(key):
                raise self.error(f"'{key}' is not supported, because {because}")

    def allow(self, *keys: str) -> None:
        """Let keys describe parts that the family may have, also where this model has none."""
        self._read.update(keys)

    def refuse_unread(self) -> None:
        """Raise InputError where the config describes parts of a model that its family, which never asked, hasn't."""
        for key, part in _DESCRIBES.items():
            value = self._values.get(key)
            if value and key not in self._read:
                raise self.error(f"'{key}' is {shown(value)}, but this family has no {part} that it describes")

    def sparse_layers(self) -> list[bool]:
        """Return for each layer whether it has experts: each ``decoder_sparse_step``-th, bar ``mlp_only_layers``.

        Raises
        ------
        InputError
            A key of the wrong kind.
        """
        step = self.size("decoder_sparse_step", default=1)
        kept_dense = self.integers("mlp_only_layers")
        layers = self.size("num_hidden_layers")
        self.check_layers("mlp_only_layers", kept_dense, layers)
        return [(index + 1) % step == 0 and index not in kept_dense for index in range(layers)]

    def check_layers(self, key: str, indices: Sequence[int], layers: int) -> None:
        """Raise InputError where a list of layers names one that isn't there."""
        if any(index >= layers for index in indices):
            raise self.error(f"'{key}' names layer {max(indices)}, but there are {layers} layers, from 0")

    def windows(self, sliding: list[bool]) -> list[int | None]:
        """Return the sliding window of each layer, None where attention is full.

        Parameters
        ----------
        sliding : list of bool, length num_hidden_layers
            Which layers slide where the config has no ``layer_types``.

        Raises
        ------
        InputError
            ``layer_types`` of another length or with another kind of layer, or layers that slide without a window.
        """
        kinds = self.layer_kinds("layer_types", names=_ATTENTION_KINDS)
        if kinds is not None:
            sliding = [kind == "sliding" for kind in kinds]
        window = self.size("sliding_window") if any(sliding) else None
        return [window if slides else None for slides in sliding]

    def _check_no_layer_slides(self) -> None:
        """Raise InputError where ``use_sliding_window`` is off and window or kinds of the layers don't go with that."""
        self.size("sliding_window", default=None, minimum=0)
        if "sliding" in (self.layer_kinds("layer_types", names=_ATTENTION_KINDS) or ()):
            raise self.error("'layer_types' and 'use_sliding_window' (false, also where absent) contradict each other")

    def windows_of_late_layers(self, layers: int) -> list[int | None]:
        """Return the window of each layer where ``use_sliding_window`` lets those from ``max_window_layers`` on slide.

        Raises
        ------
        InputError
            As :meth:`windows`, or ``max_window_layers`` is missing.
        """
        if not self.flag("use_sliding_window", default=False):
            self._check_no_layer_slides()
            return [None] * layers
        first = self.size("max_window_layers", minimum=0)
        return self.windows([index >= first for index in range(layers)])


def shown(value) -> str:
    """Return a value as an error shows it: cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _listing(given: dict) -> str:
    return ", ".join(f"{key} = {value}" for key, value in given.items())
