"""The group coordinator at work in a broker: driven, kept within limits, written to its topic."""
