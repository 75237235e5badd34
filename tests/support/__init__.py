"""What several tests need: real brokers, deadlines, and the tools a machine may lack."""
