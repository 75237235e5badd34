"""The same conversations with the embedded broker and with a real Apache Kafka."""
