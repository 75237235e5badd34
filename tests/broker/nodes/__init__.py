"""Several nodes behind one embedded broker."""
