"""Settings from the environment. An invalid value stops startup with a message that names the variable."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from cards.vocabulary import DRUGS, SHIPPED_FORMULARY
from cds_service.misspelled import meant

MIN_KEY = 16
SQLITE = ("sqlite", "sqlite+pysqlite")
POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
SIZE = re.compile(r"(\d+)\s*(B|KiB|MiB|GiB)?", re.IGNORECASE)
_OF_KUBERNETES = re.compile(r"CDS_(?:SERVICE_|PORT)")
"""Kubernetes sets these for a Service that is called cds."""
UNITS = {"b": 1, "kib": 1024, "mib": 1024**2, "gib": 1024**3}


class ConfigError(Exception):
    """The service cannot start with these settings. The message names each variable and never repeats a value."""


class Settings(BaseSettings):
    """One field per variable; names and defaults are those of the README's table."""

    model_config = SettingsConfigDict(env_ignore_empty=True, populate_by_name=True, frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", validation_alias="HOST")
    port: int = Field(default=8000, ge=1, le=65535, validation_alias="PORT")
    workers: int = Field(default_factory=lambda: _cores(), ge=1, le=256, validation_alias="WEB_CONCURRENCY")
    profile: Literal["development", "production"] = Field(default="development", validation_alias="CDS_PROFILE")
    public_url: str = Field(default="", validation_alias="CDS_PUBLIC_URL")
    fhir_servers: Annotated[frozenset[str], NoDecode] = Field(default=frozenset(), validation_alias="CDS_FHIR_SERVERS")
    fhir_timeout: float = Field(default=2.0, gt=0, le=60, validation_alias="CDS_FHIR_TIMEOUT")
    fhir_parallel: int = Field(default=6, ge=1, le=32, validation_alias="CDS_FHIR_PARALLEL")
    fhir_memory: int = Field(default=32 * 1024**2, ge=1024, validation_alias="CDS_FHIR_MEMORY")
    proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(default=(), validation_alias="CDS_PROXIES")
    clients: Path | None = Field(default=None, validation_alias="CDS_CLIENTS")
    cors_origins: Annotated[frozenset[str], NoDecode] = Field(
        default_factory=lambda given: frozenset() if given.get("profile") == "production" else frozenset({"*"}),
        validation_alias="CDS_CORS_ORIGINS",
    )
    language: Literal["en", "zh"] = Field(default="en", validation_alias="CDS_LANGUAGE")
    max_cards: int = Field(default=8, ge=1, validation_alias="CDS_MAX_CARDS")
    max_body: int = Field(default=20 * 1024**2, ge=1024, validation_alias="CDS_MAX_BODY")
    formulary: Annotated[frozenset[str], NoDecode] = Field(default=SHIPPED_FORMULARY, validation_alias="CDS_FORMULARY")
    local_codes: Path | None = Field(default=None, validation_alias="CDS_LOCAL_CODES")
    site: Path | None = Field(default=None, validation_alias="CDS_SITE")
    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///data/osteoporosis-cds.db"), validation_alias="CDS_DATABASE_URL"
    )
    hash_key: SecretStr = Field(default=SecretStr(""), validation_alias="CDS_HASH_KEY")
    retention_days: int = Field(default=400, ge=1, le=36_500, validation_alias="CDS_RETENTION_DAYS")
    suppress_days: int = Field(default=90, ge=0, le=36_500, validation_alias="CDS_SUPPRESS_DAYS")
    shadow: bool = Field(default=False, validation_alias="CDS_SHADOW")
    playground: bool | None = Field(default=None, validation_alias="CDS_PLAYGROUND")
    population: Path | None = Field(default=None, validation_alias="CDS_POPULATION")
    admin_token: SecretStr = Field(default=SecretStr(""), validation_alias="CDS_ADMIN_TOKEN")
    review_token: SecretStr = Field(default=SecretStr(""), validation_alias="CDS_REVIEW_TOKEN")
    today_is: date | None = Field(default=None, validation_alias="CDS_TODAY")
    timezone: str = Field(default="", validation_alias="CDS_TIMEZONE")

    @field_validator("fhir_servers", mode="before")
    @classmethod
    def _servers(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        servers = frozenset(without_slash(server) for server in _listed(value))
        if not all(is_base_url(server) for server in servers):
            raise ValueError("each entry must be the http(s) base URL of a FHIR server, without query or user")
        return servers

    @field_validator("proxies", mode="before")
    @classmethod
    def _proxies(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(each) for each in _listed(value))
        except ValueError as error:
            raise ValueError("each entry must be an address or a network such as 10.0.0.0/8") from error

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        origins = frozenset(without_slash(origin) for origin in _listed(value))
        if not all(origin == "*" or (is_base_url(origin) and not urlsplit(origin).path) for origin in origins):
            raise ValueError("each entry must be * or an origin such as https://ehr.example.org")
        return origins

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str) -> str:
        if value and not is_base_url(value):
            raise ValueError("must be an http(s) URL")
        return without_slash(value)

    @field_validator("max_body", "fhir_memory", mode="before")
    @classmethod
    def _size(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        size = SIZE.fullmatch(value.strip())
        if size is None:
            raise ValueError("must be a number of bytes, or a size such as 20 MiB")
        return int(size[1]) * UNITS[(size[2] or "b").lower()]

    @field_validator("formulary", mode="before")
    @classmethod
    def _formulary(cls, value: object) -> object:
        """Read the TOML file: ``drugs = ["alendronate", ...]`` with the keys of ``cards.vocabulary.DRUGS``."""
        if not isinstance(value, str):
            return value
        try:
            drugs = tomllib.loads(Path(value).read_text("utf-8")).get("drugs")
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ValueError("must name a readable TOML file") from error
        if not isinstance(drugs, list) or not all(isinstance(drug, str) for drug in drugs):
            raise ValueError('the file must hold a list of drug keys: drugs = ["alendronate", ...]')
        if unknown := sorted(set(drugs) - set(DRUGS)):
            raise ValueError(f"no such drugs: {', '.join(unknown)}")
        return frozenset(drugs)

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr) -> SecretStr:
        if not _is_database_url(value.get_secret_value()):
            raise ValueError("must be a URL such as sqlite:////absolute/path.db (no memory) or postgresql://user@host/name")
        return value

    @field_validator("hash_key", "admin_token", "review_token")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < MIN_KEY:
            raise ValueError(f"must have at least {MIN_KEY} characters")
        return value

    @field_validator("local_codes", "clients", "site")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("must name a readable file")
        return value

    @field_validator("population")
    @classmethod
    def _folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError("must name the folder of a population run")
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            if value:
                ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("must be an IANA time zone such as Asia/Shanghai") from error
        return value

    @model_validator(mode="after")
    def _never_open(self) -> Self:
        """The production profile guarantees that every client is authenticated."""
        if self.in_production and self.clients is None:
            raise ValueError("CDS_CLIENTS: is required with CDS_PROFILE=production: who may call, and their keys")
        if self.in_production and not self.hash_key.get_secret_value():
            raise ValueError("CDS_HASH_KEY: is required in production: a permanent secret, the same on every host")
        if self.in_production and self.playground and not self.admin_token.get_secret_value():
            raise ValueError("CDS_ADMIN_TOKEN: is required in production if CDS_PLAYGROUND is on: it protects those pages")
        if self.population and not self.admin_token.get_secret_value():
            raise ValueError("CDS_ADMIN_TOKEN: is required with CDS_POPULATION: it protects a worklist that names patients")
        return self

    @property
    def in_production(self) -> bool:
        return self.profile == "production"

    @property
    def shows_playground(self) -> bool:
        """Whether playground and governance pages are served: in production only if explicitly enabled."""
        return not self.in_production if self.playground is None else self.playground

    @property
    def ignored(self) -> tuple[str, ...]:
        """Variables that are set but ignored in production."""
        if not self.in_production:
            return ()
        return ("CDS_TODAY",) * bool(self.today_is) + ("CDS_FHIR_SERVERS",) * bool(self.fhir_servers)

    @property
    def address(self) -> str:
        """The service's address on this machine, as a URL without a trailing slash."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"

    @property
    def base_url(self) -> str:
        """The service's own base URL as clients see it, without a trailing slash."""
        return self.public_url or self.address

    @property
    def zone(self) -> tzinfo:
        """The time zone that determines the current date."""
        return ZoneInfo(self.timezone) if self.timezone else _system_zone()

    def today(self) -> date:
        """The date to evaluate for."""
        pinned = None if self.in_production else self.today_is
        return pinned or datetime.now(self.zone).date()


def load() -> Settings:
    """Settings from the environment.

    Raises:
        ConfigError: a variable has an invalid value, or there is none of that name.
    """
    if unknown := sorted(_unknown(os.environ)):
        raise ConfigError("\n".join(map(_no_such, unknown)))
    try:
        return Settings()
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" if e["loc"] else e["msg"] for e in error.errors())
        raise ConfigError("\n".join(problem.replace("Value error, ", "") for problem in problems)) from None


def _unknown(environment: Iterable[str]) -> list[str]:
    """Variables that are named like ours and are none: a setting that was misspelled would silently not hold."""
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    return [name for name in environment if name.startswith("CDS_") and name not in known and not _OF_KUBERNETES.match(name)]


def _no_such(name: str) -> str:
    known = [str(field.validation_alias) for field in Settings.model_fields.values()]
    return f"{name}: there is no such setting{meant(name, known)}"


def without_slash(url: str) -> str:
    """The URL without one trailing slash, the form in which FHIR base URLs are compared.

    >>> without_slash("https://ehr.example.org/fhir/")
    'https://ehr.example.org/fhir'
    """
    return url.removesuffix("/")


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def is_base_url(url: str) -> bool:
    """Whether this is an http(s) URL without query, fragment and user."""
    try:
        parts = urlsplit(url)
        return bool(parts.scheme in ("http", "https") and parts.hostname and parts.port != 0) and not (
            parts.query or parts.fragment or parts.username or "#" in url or "?" in url
        )
    except ValueError:
        return False


def _is_database_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = parts.path.strip("/") not in ("", ":memory:")
        return (parts.scheme in SQLITE and named) or (parts.scheme in POSTGRESQL and parts.port != 0)
    except ValueError:
        return False


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _system_place() -> str:
    return os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]


def _system_zone() -> tzinfo:
    """The system's time zone with its rules if they can be found, otherwise today's offset."""
    place = os.environ.get("TZ", "").lstrip(":") or _system_place()
    try:
        return ZoneInfo(place)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        here = datetime.now().astimezone().tzinfo
        assert here is not None  # noqa: S101  astimezone always sets one
        return here
