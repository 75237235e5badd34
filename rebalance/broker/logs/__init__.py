"""What a partition keeps: batches of records, and the producers and leaders that it has seen."""
