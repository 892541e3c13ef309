"""What only a localnet can do for its users: let time pass, and print play USDC."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import httpx
from solders.pubkey import Pubkey

from chain.units import UsdcUnits
from ops.errors import OperatorError

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

    async def info(self) -> LocalnetInfo:
        """Ask what this localnet is; raises OperatorError when something else answers at the address."""
        answer = await self._call("localnet_info")
        return LocalnetInfo(
            genesis_hash=str(answer["genesisHash"]),
            usdc_mint=Pubkey.from_string(str(answer["usdcMint"])),
            now=datetime.fromtimestamp(int(answer["unixTimestamp"]), UTC),
        )

    async def warp(self, seconds: int) -> datetime:
        """Let `seconds` pass at once and return the chain's new time."""
        answer = await self._call("localnet_warp", {"seconds": seconds})
        return datetime.fromtimestamp(int(answer["unixTimestamp"]), UTC)

    async def faucet_usdc(self, owner: Pubkey, amount: UsdcUnits) -> str:
        """Mint play USDC to the owner's associated account; returns the transaction's signature, not yet confirmed."""
        return str(await self._call("localnet_faucetUsdc", str(owner), amount))

    async def _call(self, method: str, *params: object) -> Any:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
                response = await client.post(self._url, json=request)
                answer = cast("dict[str, Any]", response.raise_for_status().json())
        except httpx.ConnectError:
            raise OperatorError(f"Nothing answers at {self._url}: start a localnet with 'opinion localnet'.") from None
        except (httpx.HTTPError, ValueError) as error:
            raise OperatorError(
                f"{self._url} did not answer {method} ({type(error).__name__}): is it a localnet?"
            ) from None
        if "error" not in answer:
            return answer["result"]
        if answer["error"]["code"] == METHOD_NOT_FOUND:
            raise OperatorError(
                f"{self._url} is not a localnet, and only a localnet can do this: start one with 'opinion localnet'."
            )
        raise OperatorError(f"The localnet refused {method}: {answer['error']['message']}")
