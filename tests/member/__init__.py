"""Tests of the classic member: tables for rules, random events for what must always hold."""
