"""The HTML page: its data, its text, and what it does in a real browser."""
