"""Tests of the group coordinator, in memory and in virtual time."""
