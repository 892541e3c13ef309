"""RPC over solana-py, through several endpoints.

The first endpoint that is well is asked; one that fails is left alone for a while (chain.health) and the next one
asked. Each is asked for its genesis hash before anything else. What solana-py, httpx or solders raise is translated
in chain.translation; this module raises RpcErrors, and TransactionErrors where a node refused a transaction.
Nothing here decides whether a transaction landed: that is chain.sender's.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Any, Self, TypeVar

from solana.rpc import types
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment as SolanaCommitment
from solders.account import Account
from solders.account_decoder import UiAccountEncoding
from solders.commitment_config import CommitmentLevel
from solders.pubkey import Pubkey
from solders.rpc.config import (
    RpcAccountInfoConfig,
    RpcProgramAccountsConfig,
    RpcSimulateTransactionAccountsConfig,
    RpcSimulateTransactionConfig,
)
from solders.rpc.filter import Memcmp
from solders.rpc.requests import GetProgramAccounts, SimulateVersionedTransaction
from solders.rpc.responses import GetProgramAccountsWithContextResp, SimulateTransactionResp
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_status import TransactionConfirmationStatus, TransactionStatus

from chain.answers import (
    ChainAccount,
    Commitment,
    LatestBlockhash,
    MemcmpFilter,
    ProgramRead,
    SignatureInfo,
    SignatureStatus,
    Simulation,
    TransactionRecord,
)
from chain.endpoint import Endpoint
from chain.errors import AllEndpointsFailed, InvalidValue, RpcError, RpcRefused, WrongCluster
from chain.health import Health
from chain.units import BlockHeight, ComputeUnits, Lamports, MicroLamports, Slot, UnixTime

R = TypeVar("R")
T = TypeVar("T")

_ACCOUNTS_PER_CALL = 100
_STATUSES_PER_CALL = 256
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LEVELS = {
    Commitment.PROCESSED: CommitmentLevel.Processed,
    Commitment.CONFIRMED: CommitmentLevel.Confirmed,
    Commitment.FINALIZED: CommitmentLevel.Finalized,
}
_COMMITMENTS = (
    (TransactionConfirmationStatus.Processed, Commitment.PROCESSED),
    (TransactionConfirmationStatus.Confirmed, Commitment.CONFIRMED),
    (TransactionConfirmationStatus.Finalized, Commitment.FINALIZED),
)


@dataclass(slots=True)
class _Cluster:
    """Which one it is, once it is known: shared with the views, that none of them takes another for the right one."""

    genesis: str | None


class Rpc:
    """The cluster, through one or more endpoints in order of preference. Close it, or use it as a context manager."""

    def __init__(
        self,
        urls: Sequence[str],
        *,
        genesis_hash: str | None = None,
        commitment: Commitment = Commitment.CONFIRMED,
        timeout: float = 10.0,
        rounds: int = 3,
        first_wait: float = 0.25,
        random: Random | None = None,
    ) -> None:
        """`timeout` (seconds) holds for each single try; every endpoint is tried up to `rounds` times a call.

        `first_wait` (seconds) is how long an endpoint is left alone after its first failure.

        Without `genesis_hash` the first endpoint that answers decides and the others must agree with it.
        """
        if not urls:
            raise InvalidValue("no RPC address is configured: name at least one")
        if len(set(urls)) < len(urls):
            # It would count as two witnesses of whatever it says.
            raise InvalidValue("an RPC address is configured twice: name each one once")
        chance = random or Random()  # noqa: S311 - jitter
        self._endpoints = [Endpoint(url, timeout, Health(first_wait, random=chance)) for url in urls]
        self._cluster = _Cluster(genesis_hash)
        self._commitment = commitment
        self._rounds = rounds
        self._waits = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes every connection."""
        for endpoint in self._endpoints:
            await endpoint.close()

    @property
    def endpoints(self) -> Sequence[Endpoint]:
        """The endpoints with their health, in order of preference."""
        return tuple(self._endpoints)

    def each(self) -> "list[Rpc]":
        """One view for each endpoint, asked at once and once a call: for questions that several must answer."""
        return [self._only(endpoint) for endpoint in self._endpoints]

    async def genesis_hash(self) -> str:
        """Which cluster this is. Raises WrongCluster when it is not the expected one."""
        return await self._ask("getGenesisHash", AsyncClient.get_genesis_hash, lambda answer: str(answer.value))

    async def account(self, key: Pubkey, commitment: Commitment | None = None) -> ChainAccount | None:
        """The account, or None when there is none."""
        return (await self.accounts([key], commitment))[0]

    async def accounts(self, keys: Sequence[Pubkey], commitment: Commitment | None = None) -> list[ChainAccount | None]:
        """The accounts in the order of the keys, 100 a call."""
        found: list[ChainAccount | None] = []
        for at in range(0, len(keys), _ACCOUNTS_PER_CALL):
            found += await self._accounts(list(keys[at : at + _ACCOUNTS_PER_CALL]), commitment)
        return found

    async def program_accounts(
        self,
        program: Pubkey,
        filters: Sequence[MemcmpFilter | int] = (),
        commitment: Commitment | None = None,
    ) -> list[ChainAccount]:
        """The program's accounts that pass every filter, as of one slot; a number filters by length."""
        return (await self.read_program(program, filters, commitment)).accounts

    async def read_program(
        self,
        program: Pubkey,
        filters: Sequence[MemcmpFilter | int] = (),
        commitment: Commitment | None = None,
    ) -> ProgramRead:
        """As `program_accounts`, with the slot of the answer, which tells something when there is no account too."""
        wanted = [f if isinstance(f, int) else Memcmp(f.offset, base58(f.expected)) for f in filters]
        form = RpcAccountInfoConfig(UiAccountEncoding.Base64, commitment=_LEVELS[commitment or self._commitment])
        body = GetProgramAccounts(program, RpcProgramAccountsConfig(form, wanted, with_context=True))

        def take(answer: Any) -> ProgramRead:
            slot = answer.context.slot
            return ProgramRead(Slot(slot), [_account(item.pubkey, item.account, slot) for item in answer.value])

        return await self._try_each(
            lambda endpoint: endpoint.ask_body("getProgramAccounts", body, GetProgramAccountsWithContextResp, take)
        )

    async def balance(self, key: Pubkey, commitment: Commitment | None = None) -> Lamports:
        """Lamports of an account, 0 when there is none."""
        return await self._ask(
            "getBalance", lambda c: c.get_balance(key, self._level(commitment)), lambda answer: Lamports(answer.value)
        )

    async def slot(self, commitment: Commitment | None = None) -> Slot:
        """The latest slot."""
        return await self._ask(
            "getSlot", lambda c: c.get_slot(self._level(commitment)), lambda answer: Slot(answer.value)
        )

    async def block_height(self, commitment: Commitment | None = None) -> BlockHeight:
        """The latest block's height, which is what blockhashes expire by."""
        return await self._ask(
            "getBlockHeight",
            lambda c: c.get_block_height(self._level(commitment)),
            lambda answer: BlockHeight(answer.value),
        )

    async def rent(self, length: int) -> Lamports:
        """What an account of `length` bytes must hold."""
        return await self._ask(
            "getMinimumBalanceForRentExemption",
            lambda c: c.get_minimum_balance_for_rent_exemption(length),
            lambda answer: Lamports(answer.value),
        )

    async def latest_blockhash(self, commitment: Commitment | None = None) -> LatestBlockhash:
        """What to sign with."""
        return await self._ask(
            "getLatestBlockhash",
            lambda c: c.get_latest_blockhash(self._level(commitment)),
            lambda a: LatestBlockhash(a.value.blockhash, BlockHeight(a.value.last_valid_block_height)),
        )

    async def simulate(
        self, transaction: VersionedTransaction, *, verify: bool = False, commitment: Commitment | None = None
    ) -> Simulation:
        """What the transaction would do now; signatures count only with `verify`."""
        return await self._ask(
            "simulateTransaction",
            lambda c: c.simulate_transaction(transaction, verify, self._level(commitment)),
            lambda answer: Simulation(
                answer.value.err, tuple(answer.value.logs or ()), ComputeUnits(answer.value.units_consumed or 0)
            ),
        )

    async def simulate_changes(
        self, transaction: VersionedTransaction, keys: Sequence[Pubkey]
    ) -> tuple[Simulation, list[ChainAccount | None]]:
        """What it would do with the newest blockhash and nobody's signature, and these accounts of it afterwards.

        No accounts where it fails.
        """
        wanted = RpcSimulateTransactionAccountsConfig(list(keys), UiAccountEncoding.Base64)
        form = RpcSimulateTransactionConfig(
            sig_verify=False,
            replace_recent_blockhash=True,
            commitment=_LEVELS[self._commitment],
            accounts=wanted if keys else None,
        )
        body = SimulateVersionedTransaction(transaction, form)

        def take(answer: Any) -> tuple[Simulation, list[ChainAccount | None]]:
            value, slot = answer.value, answer.context.slot
            done = Simulation(value.err, tuple(value.logs or ()), ComputeUnits(value.units_consumed or 0))
            if value.err is not None or not keys:
                return done, []
            pairs = zip(keys, value.accounts, strict=True)
            return done, [_account(key, found, slot) if found else None for key, found in pairs]

        return await self._try_each(
            lambda endpoint: endpoint.ask_body("simulateTransaction", body, SimulateTransactionResp, take)
        )

    async def send(self, wire: bytes, *, preflight: bool = True) -> Signature:
        """Hands a signed transaction over, once an endpoint; the node does not repeat it.

        An error does not mean that it will not land. Raises TransactionError when the preflight refused it.
        """
        options = types.TxOpts(skip_preflight=not preflight, preflight_commitment=self._level(None), max_retries=0)
        return await self._ask(
            "sendTransaction", lambda c: c.send_raw_transaction(wire, options), lambda answer: answer.value
        )

    async def statuses(
        self, signatures: Sequence[Signature], *, search_history: bool = False
    ) -> list[SignatureStatus | None]:
        """Where the transactions stand, None for one that the endpoint does not know."""
        found: list[SignatureStatus | None] = []
        for at in range(0, len(signatures), _STATUSES_PER_CALL):
            part = list(signatures[at : at + _STATUSES_PER_CALL])
            found += await self._statuses(part, search_history)
        return found

    async def history(
        self, address: Pubkey, *, before: Signature | None = None, limit: int = 1000
    ) -> list[SignatureInfo]:
        """Transactions that name the address, newest first, at most 1000 a call."""
        return await self._ask(
            "getSignaturesForAddress",
            lambda c: c.get_signatures_for_address(address, before, None, limit, self._level(None)),
            lambda answer: [
                SignatureInfo(i.signature, Slot(i.slot), i.err is not None, _unix(i.block_time)) for i in answer.value
            ],
        )

    async def transaction(self, signature: Signature) -> TransactionRecord | None:
        """A landed transaction, or None when the endpoint does not have it."""
        return await self._ask(
            "getTransaction",
            lambda c: c.get_transaction(signature, "base64", self._level(None), 0),
            lambda answer: _record(signature, answer.value),
        )

    async def priority_fees(self, writable: Sequence[Pubkey]) -> list[MicroLamports]:
        """What transactions that locked all of these accounts paid lately a compute unit, one for each slot."""
        return await self._try_each(
            lambda endpoint: endpoint.ask_raw(
                "getRecentPrioritizationFees",
                [[str(key) for key in writable]],
                lambda result: [MicroLamports(int(entry["prioritizationFee"])) for entry in result],
            )
        )

    async def airdrop(self, key: Pubkey, lamports: Lamports) -> Signature:
        """Test clusters only."""
        return await self._ask(
            "requestAirdrop", lambda c: c.request_airdrop(key, lamports), lambda answer: answer.value
        )

    async def _accounts(self, keys: list[Pubkey], commitment: Commitment | None) -> list[ChainAccount | None]:
        def take(answer: Any) -> list[ChainAccount | None]:
            slot, values = answer.context.slot, answer.value
            return [_account(k, v, slot) if v else None for k, v in zip(keys, values, strict=True)]

        return await self._ask(
            "getMultipleAccounts", lambda c: c.get_multiple_accounts(keys, self._level(commitment), "base64"), take
        )

    async def _statuses(self, signatures: list[Signature], search: bool) -> list[SignatureStatus | None]:
        def take(answer: Any) -> list[SignatureStatus | None]:
            return [_status(value) for _, value in zip(signatures, answer.value, strict=True)]

        return await self._ask("getSignatureStatuses", lambda c: c.get_signature_statuses(signatures, search), take)

    async def _ask(self, method: str, call: Callable[[AsyncClient], Awaitable[R]], take: Callable[[R], T]) -> T:
        return await self._try_each(lambda endpoint: endpoint.ask(method, call, take))

    async def _try_each(self, attempt: Callable[[Endpoint], Awaitable[T]]) -> T:
        """The first success, going round the endpoints by health. Refusals are answers: they end it."""
        failures: dict[str, RpcError] = {}
        for _ in range(self._rounds * len(self._endpoints)):
            endpoint = self._next()
            if self._waits:
                await asyncio.sleep(endpoint.health.wait(time.monotonic()))
            try:
                await self._check_cluster(endpoint)
                result = await attempt(endpoint)
            except (RpcRefused, WrongCluster):
                raise
            except RpcError as error:
                endpoint.health.failed(error, time.monotonic())
                failures[endpoint.name] = error
            else:
                endpoint.health.succeeded()
                return result
        raise _all_failed(list(failures.values()))

    def _next(self) -> Endpoint:
        """The endpoint that may be asked soonest; of several, the one configured first."""
        now = time.monotonic()
        return min(self._endpoints, key=lambda endpoint: endpoint.health.wait(now))

    async def _check_cluster(self, endpoint: Endpoint) -> None:
        found = await endpoint.genesis_hash()
        self._cluster.genesis = self._cluster.genesis or found
        await endpoint.check_cluster(self._cluster.genesis)

    def _only(self, endpoint: Endpoint) -> "Rpc":
        view = object.__new__(Rpc)
        view._endpoints, view._rounds, view._waits = [endpoint], 1, False
        view._cluster, view._commitment = self._cluster, self._commitment
        return view

    def _level(self, commitment: Commitment | None) -> SolanaCommitment:
        return SolanaCommitment((commitment or self._commitment).value)


def _unix(told: int | None) -> UnixTime | None:
    return None if told is None else UnixTime(told)


def base58(data: bytes) -> str:
    """Bitcoin's base58, which memcmp filters are written in."""
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def _account(key: Pubkey, account: Account, slot: int) -> ChainAccount:
    data = bytes(account.data)
    return ChainAccount(key, account.owner, Lamports(account.lamports), data, account.executable, Slot(slot))


def _status(status: TransactionStatus | None) -> SignatureStatus | None:
    if status is None:
        return None
    # A node that leaves the commitment out is old; without confirmations left the block is rooted.
    fallback = Commitment.FINALIZED if status.confirmations is None else Commitment.PROCESSED
    told = next((ours for theirs, ours in _COMMITMENTS if theirs == status.confirmation_status), fallback)
    return SignatureStatus(Slot(status.slot), told, status.err)


def _record(signature: Signature, answer: Any) -> TransactionRecord | None:
    if answer is None:
        return None
    meta = answer.transaction.meta
    return TransactionRecord(
        signature=signature,
        slot=Slot(answer.slot),
        block_time=UnixTime(answer.block_time) if answer.block_time is not None else None,
        error=meta.err,
        logs=tuple(meta.log_messages or ()),
        fee=Lamports(meta.fee),
        units=ComputeUnits(meta.compute_units_consumed) if meta.compute_units_consumed is not None else None,
    )


def _all_failed(failures: list[RpcError]) -> RpcError:
    """The only endpoint's own error, or one for all of them."""
    if len(failures) == 1:
        return failures[0]
    words = "; ".join(str(failure) for failure in failures)
    return AllEndpointsFailed(f"no RPC endpoint answers: {words}", failures)
