"""Whole stories with real clients, the same on the embedded broker and on Apache Kafka."""
