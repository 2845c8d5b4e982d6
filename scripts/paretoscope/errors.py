"""The one exception that is meant for people rather than for programmers."""


class InputError(Exception):
    """Something the user gave is wrong; the message says what, where, and what would be right.

    Scripts print the message without a traceback. Anything else that is raised is a defect of the program and keeps
    its traceback.
    """


def suggest(name: str, known) -> str:
    """Return ``" Did you mean 'x'?"`` for the known name closest to ``name``, or a list of what is known."""
    import difflib

    known = sorted(map(str, known))
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
    if close:
        return f" Did you mean '{close[0]}'?"
    return f" Known: {', '.join(known)}." if known else ""
