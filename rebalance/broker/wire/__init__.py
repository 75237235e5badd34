"""Kafka's messages as bytes: read from whoever may have sent them, and written as kio has them."""
