"""`rebalance demo`: real consumers that join, leave and crash, while it is written down."""
