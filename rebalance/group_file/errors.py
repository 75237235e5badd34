"""What is wrong with a group file: one line that names file, place, what, and what to do."""


class GroupFileError(ValueError):
    """A group file that says something it cannot mean; the message can be shown as it is."""
