"""Several nodes behind one embedded broker."""

import pytest

# Imported here first: kafka-python warns of a deprecation of its own when it is.
pytest.importorskip("kafka", reason="kafka-python is an extra")
