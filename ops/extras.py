"""What only a localnet can do for its users: let time pass, and print play USDC."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from solders.pubkey import Pubkey

from chain.units import UsdcUnits
from ops.errors import OperatorError
from settings import shown

TIMEOUT_S = 30.0
METHOD_NOT_FOUND = -32_601


@dataclass(frozen=True)
class LocalnetInfo:
    """What a localnet says of itself."""

    genesis_hash: str
    usdc_mint: Pubkey
    now: datetime


class LocalnetExtras:
    """The localnet's own RPC methods at `url`; every method raises OperatorError where they cannot be had."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._shown = shown(url)

    async def info(self) -> LocalnetInfo:
        """Ask what this localnet is; raises OperatorError when something else answers at the address."""
        answer = await self._call("localnet_info")
        with self._shape():
            return LocalnetInfo(
                genesis_hash=str(answer["genesisHash"]),
                usdc_mint=Pubkey.from_string(str(answer["usdcMint"])),
                now=datetime.fromtimestamp(int(answer["unixTimestamp"]), UTC),
            )

    async def warp(self, seconds: int) -> datetime:
        """Let `seconds` pass at once and return the chain's new time."""
        answer = await self._call("localnet_warp", {"seconds": seconds})
        with self._shape():
            return datetime.fromtimestamp(int(answer["unixTimestamp"]), UTC)

    async def faucet_usdc(self, owner: Pubkey, amount: UsdcUnits) -> str:
        """Mint play USDC to the owner's associated account; returns the transaction's signature, not yet confirmed."""
        return str(await self._call("localnet_faucetUsdc", str(owner), amount))

    async def _call(self, method: str, *params: object) -> Any:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
                response = await client.post(self._url, json=request)
        except httpx.TimeoutException:
            raise OperatorError(
                f"{self._shown} did not answer within {TIMEOUT_S:.0f} s: is the localnet stopped?"
            ) from None
        except httpx.HTTPError:
            raise OperatorError(
                f"Nothing answers at {self._shown}: start a localnet with 'opinion up' or 'opinion localnet', "
                "or correct SOLANA_RPC_URL or --rpc."
            ) from None
        with self._shape():
            answer = response.json()
            if "error" not in answer:
                return answer["result"]
            code, message = answer["error"]["code"], str(answer["error"]["message"])
        if code == METHOD_NOT_FOUND:
            raise self._no_localnet()
        raise OperatorError(f"The localnet refused {method}: {message}")

    @contextmanager
    def _shape(self) -> Generator[None]:
        """Whatever is not of a localnet's shape does not come from one."""
        try:
            yield
        except (ValueError, KeyError, TypeError, OverflowError):
            raise self._no_localnet() from None

    def _no_localnet(self) -> OperatorError:
        return OperatorError(
            f"{self._shown} is not a localnet, and only one can do this: start it with '.venv/bin/opinion localnet'."
        )
