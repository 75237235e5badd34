"""Transactions as consumer groups need them: begun, ended, taken up by the next broker."""
