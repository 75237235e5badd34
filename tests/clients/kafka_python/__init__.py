"""Our assignors in real kafka-python consumers; skipped where kafka-python is not installed."""

import pytest

# Imported here first: kafka-python warns of a deprecation of its own when it is.
pytest.importorskip("kafka", reason="kafka-python is an extra")
