"""Kafka's client properties become aiokafka's arguments, or one clear error."""

import ssl
from pathlib import Path

import pytest

from rebalance.cli.client_config import client_arguments
from rebalance.cli.errors import UsageError


def _file(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "client.properties"
    file.write_text(text)
    return file


def test_no_file_means_no_arguments() -> None:
    assert client_arguments(None) == {}


def test_sasl_by_jaas_as_java_writes_it(tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        "# a comment\n"
        "security.protocol=SASL_PLAINTEXT\n"
        "sasl.mechanism=SCRAM-SHA-512\n"
        "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required "
        'username="ann" password="p=w;\\\\"d";\n',  # one of the backslashes is the file's
    )
    assert client_arguments(file) == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "ann",
        "sasl_plain_password": 'p=w;"d',
    }


def test_sasl_by_librdkafkas_names_and_times(tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        "security.protocol=sasl_plaintext\nsasl.username=ann\nsasl.password=x\n"
        "request.timeout.ms=5000\nbootstrap.servers=elsewhere:1\n",
    )
    arguments = client_arguments(file)
    assert arguments["sasl_plain_username"] == "ann"
    assert arguments["sasl_mechanism"] == "PLAIN"
    assert arguments["request_timeout_ms"] == 5000
    assert "bootstrap_servers" not in arguments


def test_tls_checks_names_unless_told_not_to(tmp_path: Path) -> None:
    strict = client_arguments(_file(tmp_path, "security.protocol=SSL\n"))["ssl_context"]
    assert isinstance(strict, ssl.SSLContext)
    assert strict.check_hostname
    lax = _file(tmp_path, "security.protocol=SSL\nssl.endpoint.identification.algorithm=\n")
    assert not client_arguments(lax)["ssl_context"].check_hostname


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("security.protocol=TLS\n", "SASL_SSL"),
        ("security.protocol=SASL_SSL\n", "sasl.username"),
        ("security.protocol=SSL\nssl.truststore.location=/no/such.pem\n", "PEM"),
        ("request.timeout.ms=soon\n", "request.timeout.ms"),
        ("just words\n", "'just'"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(UsageError, match=word.replace(".", r"\.")):
        client_arguments(_file(tmp_path, text))
