"""Graders, one file each: ``grade(response, item) -> Grade``, pure."""
