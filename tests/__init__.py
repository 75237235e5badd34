"""Tests, laid out like the sources; ``tests.support`` holds what several of them need."""
