"""Architectures, one file per ``model_type`` of a ``config.json``."""
