"""What a test may look at and do: the methods of `EmbeddedBroker`, by what they are about."""
