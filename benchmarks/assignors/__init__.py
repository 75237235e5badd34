"""Assignors on the same inputs: ours, the Python clients', Java's, Kafka's server's and franz-go's.

`cases` says what the inputs are, `handover` carries them to programs in other languages (their
sources are in benchmarks/peers/), `subjects` and `programs` run one assignor on one case in a
process of its own, `verdicts` judges every plan by the same measure, `goals` says what was
promised. Run: python -m benchmarks.assignors
"""
