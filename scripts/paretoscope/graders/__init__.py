"""Graders: what turns a response into a verdict, pure. One file each; the file's name is what a benchmark card names.

Every grader file has

- ``SETTINGS``: JSON schema properties of its options on a benchmark card;
- ``decide(text, item, finish_reason, reasoning, options) -> Decision``: the verdict as far as it goes without computer
  algebra; what is left goes, as a pair of texts, to ``compare(gold, answer)`` in a worker that can be killed;
- ``grade``, with the arguments of ``decide``: both in one, for texts that are trusted;
- ``reference(item) -> str``: a response that must be graded correct;
- ``check_target(item) -> (str, str) or None``: InputError for a gold answer that can't be read; what only ``compare``
  can tell, as a pair that it must find equal.
"""
