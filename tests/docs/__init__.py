"""What is written about the code is generated from it, or checked against it."""
