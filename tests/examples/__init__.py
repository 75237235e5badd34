"""Every example runs as its user would run it."""
