"""Benchmark formats: what turns a source's rows into items. One file each; the file's name is the format's name.

Every format file has

- ``PROTOCOL``, an integer: raise it when the same source would give other items, which loads them anew;
- ``COLUMNS``: the meanings (see ``columns`` on a card) that a card of this format must map to columns;
- ``load(rows, columns) -> Iterator[Item]``: rows are dictionaries, columns maps meanings to column names;
- ``generate(arguments, rows) -> list[dict]``, only in a procedural format: the rows themselves.
"""
