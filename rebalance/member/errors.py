"""What a caller of a member may do wrong; what a peer does wrong never raises."""


class MemberUsageError(RuntimeError):
    """The caller asked for something that cannot be, and the message says what to do instead."""
