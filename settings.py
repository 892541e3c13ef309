"""What the environment says, read once, checked and explained.

The names are the ones operators know: NETWORK, SOLANA_RPC_URL (several addresses are separated by commas), PROGRAM_ID.
Each is looked for in the environment, then in the file `.env.NETWORK` of the working directory (`.env.mainnet`), and
some, which are secrets or name them, last among the credentials that systemd hands to a unit.
"""

import os
from collections.abc import Callable
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit, urlunsplit

from dotenv.parser import parse_stream
from pydantic import Field, IPvAnyAddress, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from solders.pubkey import Pubkey

KNOWN_PROGRAM_ID = "2NaUpg4jEZVGDBmmuKYLdsAfSGKwHxjghhfgVpQvZJYu"
CREDENTIALS = ("anthropic_api_key", "database_url", "redis_url", "oracle_keypair_path", "randomness_keypair_paths")
"""What may come as a systemd credential of the same name; for a path, the credential is the file itself."""


class Network(StrEnum):
    """The clusters that this project runs on."""

    LOCALNET = "localnet"
    DEVNET = "devnet"
    TESTNET = "testnet"
    MAINNET = "mainnet"


GENESIS = {
    Network.DEVNET: "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG",
    Network.TESTNET: "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY",
    Network.MAINNET: "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d",
}
"""The public clusters' genesis hashes; every localnet draws its own."""

_LISTS = (
    "solana_rpc_url",
    "solana_ws_url",
    "analysis_models",
    "randomness_keypair_paths",
    "ipfs_gateways",
    "ipfs_apis",
    "prometheus_urls",
    "alertmanager_urls",
    "deploy_freezes",
)
# Only these are repeated in messages: addresses hold API keys and passwords, and a key pasted for a path is a key.
_SHOWN = {
    "network",
    "program_id",
    "analysis_models",
    "analysis_seconds",
    "analysis_budget_dollars",
    "analysis_requests_per_minute",
    "analysis_tokens_per_minute",
    "analysis_slots",
    "metrics_host",
    "metrics_port",
    "max_priority_fee",
    "roster_path",
    "squads_multisig",
    "squads_upgrade_multisig",
    "deploy_freezes",
    "chainlink_vrf_sub_id",
}


class SettingsError(Exception):
    """A setting is wrong: names it, says what it is and what it should be."""


class Settings(BaseSettings):
    """The settings of one process; frozen, so that no part of it can see others than the rest."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    network: Network = Field(Network.LOCALNET, description="localnet, devnet, testnet or mainnet")
    solana_rpc_url: Annotated[tuple[str, ...], NoDecode] = Field(
        ("http://127.0.0.1:8899",),
        min_length=1,
        repr=False,
        description="http(s) addresses of RPC nodes, separated by commas",
    )
    solana_ws_url: Annotated[tuple[str, ...], NoDecode] = Field(
        (), repr=False, description="ws(s) addresses of RPC nodes, separated by commas"
    )
    program_id: str = Field(KNOWN_PROGRAM_ID, description="the base58 address of the opinion-market program")
    max_priority_fee: int = Field(
        1_000_000, ge=0, le=1_000_000_000, description="micro-lamports per compute unit, 0 to 1,000,000,000"
    )

    database_url: str = Field(
        "sqlite:///.opinion/oracle.db",
        repr=False,
        description="sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME",
    )
    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        repr=False,
        description="redis://HOST:PORT/NUMBER, rediss://… or unix://PATH",
    )
    texts_path: Path = Field(Path(".opinion/texts"), description="the folder of the local block store")
    ipfs_gateways: Annotated[tuple[str, ...], NoDecode] = Field(
        (), repr=False, description="http(s) addresses of IPFS gateways, separated by commas"
    )
    ipfs_apis: Annotated[tuple[str, ...], NoDecode] = Field(
        (), repr=False, description="http(s) addresses of Kubo nodes' APIs, separated by commas"
    )

    anthropic_api_key: SecretStr | None = Field(None, min_length=1, description="a key of the Claude API")
    anthropic_base_url: str | None = Field(
        None, repr=False, description="the http(s) address of a Messages API; Anthropic's own where unset"
    )
    analysis_models: Annotated[tuple[str, ...], NoDecode] = Field(
        ("claude-haiku-5-5",), min_length=1, max_length=5, description="one to five model names, separated by commas"
    )
    analysis_seconds: float = Field(30.0, gt=0, le=240, description="seconds for one market's analysis, 240 at most")
    analysis_budget_dollars: Decimal = Field(
        Decimal(2), gt=0, le=1000, description="dollars that one market's analysis may cost, above 0 and at most 1000"
    )
    analysis_requests_per_minute: int = Field(
        2_000, ge=1, le=1_000_000, description="requests a minute that the account may make of one model, 1 to 1000000"
    )
    analysis_tokens_per_minute: int = Field(
        2_000_000,
        ge=1000,
        le=10**10,
        description="input tokens a minute that the account may send to one model, 1000 to 10000000000",
    )
    analysis_slots: int = Field(10, ge=1, le=100, description="how many markets are analysed at once, 1 to 100")

    oracle_keypair_path: Path | None = Field(None, repr=False, description="the path of the oracle's keypair file")
    randomness_keypair_paths: Annotated[tuple[Path, ...], NoDecode] = Field(
        (), repr=False, description="paths of the randomness keys' files, separated by commas"
    )
    roster_path: Path | None = Field(
        None, description="the path of the file that names the multisigs and their members (docs/signers.md)"
    )
    squads_multisig: str | None = Field(None, description="the base58 address of the multisig that settles")
    squads_upgrade_multisig: str | None = Field(None, description="the base58 address of the multisig that upgrades")

    solana_keypair: Path | None = Field(None, repr=False, description="the path of the deployer's keypair file")
    deploy_freezes: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="windows without deploys, UTC: 2026-12-20T00:00/2027-01-04T08:00, or Fri 16:00/Mon 08:00"
    )
    chainlink_vrf_sub_id: int | None = Field(
        None, ge=1, lt=2**256, description="the subscription of the external source of randomness, where one is on"
    )

    credentials_directory: Path | None = Field(
        None, repr=False, description="the folder in which systemd hands a unit its credentials; systemd sets it"
    )

    metrics_host: IPvAnyAddress = Field(
        IPv4Address("127.0.0.1"), description="the address to serve metrics on, such as 127.0.0.1 or 0.0.0.0"
    )
    metrics_port: int = Field(9464, ge=0, le=65_535, description="a port from 1 to 65535, or 0 for no metrics")
    prometheus_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), repr=False, description="http(s) addresses of Prometheus servers, separated by commas"
    )
    alertmanager_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), repr=False, description="http(s) addresses of Alertmanagers, separated by commas"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say which source wins: the first that has a value."""
        return init_settings, env_settings, dotenv_settings, _Credentials(settings_cls)

    @field_validator(*_LISTS, mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("solana_rpc_url", "ipfs_gateways", "ipfs_apis", "prometheus_urls", "alertmanager_urls")
    @classmethod
    def _check_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(check_rpc_url(address) for address in value)

    @field_validator("solana_ws_url")
    @classmethod
    def _check_ws_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_check_url(address, "ws", "wss") for address in value)

    @field_validator("anthropic_base_url")
    @classmethod
    def _check_base_url(cls, value: str | None) -> str | None:
        return None if value is None else check_rpc_url(value)

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        if value.startswith("sqlite:///") and value != "sqlite:///":
            return value
        return _check_url(value, "postgresql")

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, value: str) -> str:
        return value if value.startswith("unix:///") else _check_url(value, "redis", "rediss")

    @field_validator("program_id", "squads_multisig", "squads_upgrade_multisig")
    @classmethod
    def _check_key(cls, value: str | None) -> str | None:
        if value is not None:
            Pubkey.from_string(value)
        return value

    @property
    def program(self) -> Pubkey:
        """The program's address."""
        return Pubkey.from_string(self.program_id)

    @property
    def ws_urls(self) -> tuple[str, ...]:
        """The WebSocket addresses: those that are set, or else one for each RPC address."""
        return self.solana_ws_url or tuple(websocket_of(address) for address in self.solana_rpc_url)


class _Credentials(PydanticBaseSettingsSource):
    """What systemd's LoadCredential= put into $CREDENTIALS_DIRECTORY, in files named as the settings, in lower case."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._value(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self._value(name) for name in CREDENTIALS}
        return {name: value for name, value in found.items() if value}

    def _value(self, name: str) -> str | tuple[Path, ...] | Path | None:
        directory = os.environ.get("CREDENTIALS_DIRECTORY")
        if not directory or name not in CREDENTIALS:
            return None
        path = Path(directory) / name
        if name.endswith("_paths"):
            # systemd names the files of a folder NAME_FILE.
            return tuple(sorted(path.parent.glob(f"{name}*")))
        if not path.is_file():
            return None
        return path if name.endswith("_path") else path.read_text().strip()


def _check_url(address: str, *schemes: str) -> str:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"not an address of {' or '.join(schemes)} with a host")
    return address


def check_rpc_url(address: str) -> str:
    """Return `address` when it is an http(s) address with a host; raise ValueError otherwise."""
    return _check_url(address, "http", "https")


def websocket_of(address: str) -> str:
    """Return where an RPC node takes WebSockets: the next port where one is named, as Solana's clients assume."""
    parts = urlsplit(address)
    scheme = "wss" if parts.scheme == "https" else "ws"
    place = parts.netloc
    if parts.port is not None:
        place = f"{place.removesuffix(str(parts.port))}{parts.port + 1}"
    return urlunsplit((scheme, place, parts.path, parts.query, ""))


def shown(address: str) -> str:
    """Return the address as messages may show it: without path, query and password, where providers keep keys."""
    parts = urlsplit(address)
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}"


def endpoints(settings: Settings, url: str | None) -> tuple[str, ...]:
    """Return the RPC addresses to ask: the one given on the command line, or those of the settings."""
    if url is None:
        return settings.solana_rpc_url
    try:
        return (check_rpc_url(url),)
    except ValueError:
        raise SettingsError("--rpc should be an http(s) address with a host.") from None


def read_settings() -> Settings:
    """Read the settings; raise SettingsError with one sentence about the first wrong one."""
    network = os.environ.get("NETWORK") or Network.LOCALNET
    file = Path(f".env.{network}")
    if network in set(Network):
        _check_file(file)
    settings = _explained(lambda: Settings(_env_file=file if network in set(Network) else None))  # pyright: ignore[reportCallIssue] - every field has a default
    if settings.network != network:
        raise SettingsError(
            f"{file} says NETWORK={settings.network}: it should be {network}, as its name says; "
            f"set NETWORK={settings.network} in the environment for the other one."
        )
    return settings


def _check_file(file: Path) -> None:
    """Raise SettingsError for a line that sets nothing or names a setting almost, and would be passed by in silence.

    Other names may stand there: other programs read the file too.
    """
    known = {name.upper() for name in Settings.model_fields}
    try:
        with file.open(encoding="utf-8") as lines:
            bindings = list(parse_stream(lines))
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError):
        # Told where the file is read, with what to do.
        return
    for binding in bindings:
        place = f"{file}, line {binding.original.line}"
        if binding.error or (binding.key is not None and binding.value is None):
            raise SettingsError(f'{place} sets nothing: it should be NAME="value", or begin with #.')
        name = (binding.key or "").upper()
        near = [] if name in known else get_close_matches(name, known, 1, cutoff=0.85)
        if near:
            raise SettingsError(f"{place} sets {binding.key}, which is no setting: it should be {near[0]}.")


def _explained(read: Callable[[], Settings]) -> Settings:
    """Return what `read` does; a wrong setting is told outside the scope that holds what it is."""
    try:
        return read()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = str(first["loc"][0])
        value = repr(first["input"]) if name in _SHOWN else "wrong"
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "it is no text"
        name = error.filename if isinstance(error, OSError) else "a file of settings"
        raise SettingsError(f"{name} cannot be read ({told}): check its owner and mode.") from None
    raise SettingsError(f"{name.upper()} is {value}: it should be {Settings.model_fields[name].description}.")
