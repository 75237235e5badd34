"""What a command says when it was used wrongly: one line, exit code 2, no traceback."""


class UsageError(Exception):
    """The message says what is wrong, where, and what to do."""
