"""`--client-config FILE`: Kafka's client properties, as aiokafka wants them.

Rule kept: a property that is not understood is an error that lists what is; a silently ignored
security setting would be worse than none.
"""

import re
from pathlib import Path
from typing import Any

from rebalance.cli.errors import UsageError
from rebalance.cli.properties import read_properties

_CA = ("ssl.truststore.location", "ssl.ca.location")
_CERTIFICATE = ("ssl.keystore.location", "ssl.certificate.location")
_KEY = ("ssl.key.location",)
_KEY_PASSWORD = ("ssl.key.password", "ssl.keystore.password")
_HOSTNAME = ("ssl.endpoint.identification.algorithm",)
_USER = ("sasl.username",)
_PASSWORD = ("sasl.password",)
_SECURITY = ("security.protocol", "sasl.mechanism", "sasl.jaas.config")
_TIMES = {"request.timeout.ms": "request_timeout_ms", "metadata.max.age.ms": "metadata_max_age_ms"}
_IGNORED = ("bootstrap.servers", "client.id", "group.id")
"""Legal in such files; the command line or the command itself says these."""

KNOWN = (
    *_SECURITY,
    *_USER,
    *_PASSWORD,
    *_CA,
    *_CERTIFICATE,
    *_KEY,
    *_KEY_PASSWORD,
    *_HOSTNAME,
    *_TIMES,
    *_IGNORED,
)
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_JAAS = re.compile(r'\b(username|password)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))')


def client_arguments(path: Path | None) -> dict[str, Any]:
    """Keyword arguments for any aiokafka client.

    Raises:
        UsageError: the file or one of its properties cannot be used.
    """
    if path is None:
        return {}
    properties = read_properties(path)
    unknown = sorted(set(properties) - set(KNOWN))
    if unknown:
        known = ", ".join(sorted(KNOWN))
        raise UsageError(f"{path}: unknown property {unknown[0]!r}; known: {known}")
    protocol = _one_of(path, properties, "security.protocol", "PLAINTEXT", _PROTOCOLS)
    arguments: dict[str, Any] = {"security_protocol": protocol}
    if protocol.startswith("SASL"):
        arguments |= _sasl(path, properties)
    if protocol.endswith("SSL"):
        arguments["ssl_context"] = _ssl(path, properties)
    for name, argument in _TIMES.items():
        if name in properties:
            if not properties[name].isdigit():
                raise UsageError(f"{path}: {name}={properties[name]!r}: expected milliseconds")
            arguments[argument] = int(properties[name])
    return arguments


def _one_of(
    path: Path, properties: dict[str, str], name: str, default: str, allowed: tuple[str, ...]
) -> str:
    value = properties.get(name, default).upper()
    if value not in allowed:
        raise UsageError(f"{path}: {name}={value!r}: expected one of {', '.join(allowed)}")
    return value


def _sasl(path: Path, properties: dict[str, str]) -> dict[str, str]:
    mechanism = _one_of(path, properties, "sasl.mechanism", "PLAIN", _MECHANISMS)
    said = {
        name: (quoted or bare).replace('\\"', '"')
        for name, quoted, bare in _JAAS.findall(properties.get("sasl.jaas.config", ""))
    }
    user = properties.get("sasl.username", said.get("username"))
    password = properties.get("sasl.password", said.get("password"))
    if user is None or password is None:
        raise UsageError(
            f"{path}: {mechanism} needs a user and a password: "
            "sasl.jaas.config with username and password, or sasl.username and sasl.password"
        )
    return {
        "sasl_mechanism": mechanism,
        "sasl_plain_username": user,
        "sasl_plain_password": password,
    }


def _ssl(path: Path, properties: dict[str, str]) -> Any:
    import ssl

    def first(names: tuple[str, ...]) -> str | None:
        return next((properties[name] for name in names if name in properties), None)

    try:
        context = ssl.create_default_context(cafile=first(_CA))
        certificate = first(_CERTIFICATE)
        if certificate is not None:
            context.load_cert_chain(certificate, first(_KEY), first(_KEY_PASSWORD))
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"{path}: certificates cannot be read ({error}); give PEM files, not Java key stores"
        ) from None
    if properties.get(_HOSTNAME[0]) == "":
        context.check_hostname = False
    return context
