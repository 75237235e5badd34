"""Hostile input on the socket: mutated requests of every API, and what must hold nevertheless.

In the suite: `test_fuzz.py`. By hand, as long as one likes: `python -m tests.broker.fuzz`.
"""
