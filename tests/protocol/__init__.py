"""Tests of the vocabulary: settings, states, errors, timers."""
