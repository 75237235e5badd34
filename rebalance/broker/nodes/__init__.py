"""Nodes: a port each, who leads which partition, and so who coordinates which group."""
