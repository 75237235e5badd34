"""Programs, one for each Python client: `python -m tests.judges.members.NAME JSON`."""
