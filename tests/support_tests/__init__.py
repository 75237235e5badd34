"""Tests of ``tests.support``: a broken harness must not look like a broken product."""
