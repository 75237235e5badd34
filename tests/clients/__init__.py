"""Adapters for client libraries, tested in real consumers over real sockets."""
