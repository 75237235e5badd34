"""Topics: as they are made, found, kept between two lives of a broker, and deleted."""
