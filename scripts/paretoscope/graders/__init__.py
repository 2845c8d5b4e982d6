"""Graders, one file each: ``grade(text, item, finish_reason, reasoning, options) -> Decision``, pure."""
