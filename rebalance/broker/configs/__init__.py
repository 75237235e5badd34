"""Kafka's properties of broker, topics and groups: what they may be, and how they change."""
