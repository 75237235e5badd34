"""User code in simulated members: `rebalance.testing.simulate`. See docs/simulate_your_code.md."""
