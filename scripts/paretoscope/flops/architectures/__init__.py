"""Architectures, one file per ``model_type`` of a ``config.json``.

Each file has one function, ``describe(config)``, that takes a :class:`paretoscope.flops.config.Config` and returns a
:class:`paretoscope.flops.blocks.Architecture`. Its docstring names the paper and what the family leaves out beyond
:mod:`paretoscope.flops`. To add a model type, copy the nearest file and name it as the ``model_type``, with ``_`` for
``-``. What several share is in ``families.py`` and ``hybrids.py``; terms are in ``blocks.py``, ``sparse.py`` and
``recurrent.py``.
"""
