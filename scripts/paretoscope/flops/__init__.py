"""Parameters and FLOPs of a model, computed from its ``config.json``."""
