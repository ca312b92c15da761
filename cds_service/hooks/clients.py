"""The clients that may call in production: the file that ``CDS_CLIENTS`` names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from cds_service.config import ConfigError, without_slash

ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
"""Nothing that could be read as more than a host: it stands in the content security policy of a page."""


class Smart(BaseModel):
    """``[client.smart]``: how the SMART app is registered with this EHR.

    ``client_id`` is what the EHR knows the app by, ``name`` what users call the EHR where they must choose. ``issuer`` is that
    of its id_tokens (default: the client's ``iss``); their keys stand at ``jwks_url`` (default: those of the client). The app
    reads from ``fhir_servers`` (default: the client's). Its page may talk to the ``origins`` beside these, such as that of the
    token endpoint, and stand in a frame of the ``frames``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str = Field(min_length=1)
    name: str = Field("", max_length=80)
    issuer: str = ""
    jwks_url: str = ""
    fhir_servers: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    frames: frozenset[str] = frozenset()

    @field_validator("jwks_url")
    @classmethod
    def _keys_never_in_the_clear(cls, value: str) -> str:
        if value and not _is_safe(value):
            raise ValueError("must be an https URL (http on this machine only)")
        return value

    @field_validator("fhir_servers", mode="before")
    @classmethod
    def _servers(cls, value: object) -> object:
        servers = _listed(value)
        if not all(map(_is_safe, servers)):
            raise ValueError("each must be the https base URL of a FHIR server (http on this machine only)")
        return frozenset(map(without_slash, servers))

    @field_validator("origins", "frames", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        """Nothing that could be read as more than an origin: they stand in the page's content security policy."""
        origins = _listed(value)
        if not all(_is_safe(each) and ORIGIN.fullmatch(each) for each in origins):
            raise ValueError("each must be an origin such as https://ehr.example.org (http on this machine only)")
        return frozenset(origins)


class Client(BaseModel):
    """One ``[[client]]`` table.

    ``iss`` is the issuer of its tokens, ``tenant`` the tenant that these must name (none: any). Its public keys stand in
    ``jwks_file`` (relative to the clients file) or at ``jwks_url``. ``fhir_servers`` are those that its calls may name, ``aud``
    further audiences that its tokens may have instead of the address called. ``smart``: the SMART app is registered with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    iss: str = Field(min_length=1)
    jwks_file: Path | None = None
    jwks_url: str = ""
    fhir_servers: frozenset[str] = frozenset()
    tenant: str = ""
    aud: frozenset[str] = frozenset()
    smart: Smart | None = None

    @field_validator("jwks_file")
    @classmethod
    def _beside_the_clients_file(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None:
            return None
        path: Path = (info.context or Path()) / value
        if not path.is_file():
            raise ValueError("must name a readable file")
        return path

    @field_validator("jwks_url")
    @classmethod
    def _never_in_the_clear(cls, value: str) -> str:
        if value and not _is_safe(value):
            raise ValueError("must be an https URL (http on this machine only)")
        return value

    @field_validator("fhir_servers", mode="before")
    @classmethod
    def _encrypted(cls, value: object) -> object:
        servers = _listed(value)
        if not all(_is(server, "https") for server in servers):
            raise ValueError("each must be the https base URL of a FHIR server")
        return frozenset(map(without_slash, servers))

    @field_validator("aud", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return frozenset(_listed(value))

    @model_validator(mode="after")
    def _one_place_of_keys(self) -> Self:
        if bool(self.jwks_file) == bool(self.jwks_url):
            raise ValueError("needs either jwks_file or jwks_url")
        return self


def load(path: Path) -> tuple[Client, ...]:
    """The clients of a TOML file.

    Raises:
        ConfigError: the file cannot be used; the message gives the table and the field, never a value.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("client")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise ConfigError("CDS_CLIENTS: must name a readable TOML file") from None
    if not isinstance(tables, list) or not tables:
        raise ConfigError("CDS_CLIENTS: the file must hold at least one [[client]] table")
    clients = tuple(_client(number, table, path.parent) for number, table in enumerate(tables, 1))
    if len({(client.iss, client.tenant) for client in clients}) < len(clients):
        raise ConfigError("CDS_CLIENTS: two clients have the same iss and tenant")
    return clients


def _client(number: int, table: Mapping[str, Any], folder: Path) -> Client:
    try:
        return Client.model_validate(table, context=folder)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc'])) or 'table'}: {e['msg']}" for e in error.errors()]
        told = "; ".join(problem.replace("Value error, ", "") for problem in problems)
        raise ConfigError(f"CDS_CLIENTS: client {number}: {told}") from None


def _listed(value: object) -> Sequence[str]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(each, str) and each for each in values):
        raise ValueError("must be a string or a list of strings")
    return values


def _is_safe(url: str) -> bool:
    """Whether what goes there is encrypted, or stays on this machine."""
    return _is(url, "https") or (_is(url, "http") and _is_loopback(urlsplit(url).hostname or ""))


def _is(url: str, scheme: str) -> bool:
    try:
        parts = urlsplit(url)
        plain = _HOST.fullmatch(parts.netloc) and not (parts.query or parts.fragment)
        return parts.scheme == scheme and bool(parts.hostname) and bool(plain)
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
