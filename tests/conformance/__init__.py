"""The embedded broker beside Apache Kafka: one conversation, answers compared field by field."""
