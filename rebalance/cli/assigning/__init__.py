"""What `rebalance assign` does: read the group as it is, run assignors on it, tell or print."""
