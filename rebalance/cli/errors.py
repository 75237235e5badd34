"""What a command says when it was used wrongly: one line, exit code 2, no traceback."""

from collections.abc import Mapping


class UsageError(Exception):
    """The message says what is wrong, where, and what to do."""


def leave_out(why: str, holds: bool, options: Mapping[str, object]) -> None:
    """An option that would be ignored is an error.

    Args:
        options: name -> what was given; None, False or nothing: it was not.

    Raises:
        UsageError: `holds`, and one of them was given; it says why.
    """
    given = [name for name, value in options.items() if value not in (None, False, (), [])]
    if holds and given:
        raise UsageError(f"{why}: leave out {' and '.join(given)}")
