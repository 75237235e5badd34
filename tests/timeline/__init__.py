"""Tests of rebalance.timeline; the package mirrors the sources."""
