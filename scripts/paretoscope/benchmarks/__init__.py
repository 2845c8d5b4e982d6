"""Benchmark formats, one file each: ``load(rows, card) -> items``."""
