"""Fault controls, virtual time and looking inside, as a test of somebody's own would use them."""
