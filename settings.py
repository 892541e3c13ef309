"""What the environment says, read once, checked and explained.

The names are the ones operators know: NETWORK, SOLANA_RPC_URL (several addresses are separated by commas), PROGRAM_ID.
"""

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from solders.pubkey import Pubkey

KNOWN_PROGRAM_ID = "2NaUpg4jEZVGDBmmuKYLdsAfSGKwHxjghhfgVpQvZJYu"


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


class SettingsError(Exception):
    """A setting is wrong: names it, says what it is and what it should be."""


class Settings(BaseSettings):
    """The settings of one process; frozen, so that no part of it can see others than the rest."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    network: Network = Field(Network.LOCALNET, description="localnet, devnet, testnet or mainnet")
    solana_rpc_url: Annotated[tuple[str, ...], NoDecode] = Field(
        ("http://127.0.0.1:8899",), min_length=1, description="http(s) addresses of RPC nodes, separated by commas"
    )
    program_id: str = Field(KNOWN_PROGRAM_ID, description="the base58 address of the opinion-market program")

    @field_validator("solana_rpc_url", mode="before")
    @classmethod
    def _split_addresses(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("solana_rpc_url")
    @classmethod
    def _check_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(check_rpc_url(address) for address in value)

    @field_validator("program_id")
    @classmethod
    def _check_program_id(cls, value: str) -> str:
        Pubkey.from_string(value)
        return value

    @property
    def program(self) -> Pubkey:
        """The program's address."""
        return Pubkey.from_string(self.program_id)


def check_rpc_url(address: str) -> str:
    """Return `address` when it is an http(s) address with a host; raise ValueError otherwise."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("not an http(s) address with a host")
    return address


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
    """Read the settings from the environment; raise SettingsError with one sentence about the first wrong one."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue] - every field has a default
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        # RPC addresses hold API keys and passwords, so what is wrong with one is told without showing it.
        shown = "wrong" if name == "solana_rpc_url" else repr(first["input"])
        raise SettingsError(
            f"{name.upper()} is {shown}: it should be {Settings.model_fields[name].description}."
        ) from None
