"""Numbers in member ids, counted by client: who came first to the broker makes no difference."""

__all__ = ["Suffixes"]


class Suffixes:
    """Gives the next number of the client that is joining."""

    def __init__(self) -> None:
        self.client_id = ""
        self.given: dict[str, int] = {}

    def next(self) -> str:
        """The suffix of a new member id of `client_id`."""
        number = self.given.get(self.client_id, 0) + 1
        self.given[self.client_id] = number
        return str(number)
