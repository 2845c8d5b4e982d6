"""Engines, one file each: ``open_engine(model, settings)`` gives an object that turns requests into completions."""
