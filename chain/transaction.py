"""From instructions to signed bytes: compute budget, message, signatures. Nothing is sent here."""

from collections.abc import Sequence
from dataclasses import dataclass

from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from chain.errors import InvalidValue, SignerError
from chain.signers import Signer
from chain.units import ComputeUnits, Lamports, MicroLamports

MAX_UNITS = ComputeUnits(1_400_000)
"""The most that the cluster gives one transaction."""
MAX_WIRE = 1232
"""The most bytes that a transaction may have."""
_MICRO = 1_000_000
_EXTRA_UNITS = ComputeUnits(1_000)
_HIGHEST_PRICE = MicroLamports(200_000)


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """How the compute budget follows from a simulation and from what others pay.

    The limit is the simulated units plus `margin_percent` and `extra_units`; the price is the `percentile` of recent
    prices for the same accounts, and never above `highest_price`.
    """

    margin_percent: int = 20
    extra_units: ComputeUnits = _EXTRA_UNITS
    percentile: int = 75
    highest_price: MicroLamports = _HIGHEST_PRICE

    def limit(self, simulated: ComputeUnits) -> ComputeUnits:
        """Compute units to ask for."""
        wanted = simulated * (100 + self.margin_percent) // 100 + self.extra_units
        return ComputeUnits(min(wanted, MAX_UNITS))

    def price(self, recent: Sequence[MicroLamports]) -> MicroLamports:
        """Price of a unit; 0 when nobody paid lately."""
        if not recent:
            return MicroLamports(0)
        ranked = sorted(recent)
        found = ranked[min(len(ranked) - 1, len(ranked) * self.percentile // 100)]
        return MicroLamports(min(found, self.highest_price))


@dataclass(frozen=True, slots=True)
class Budget:
    """What a transaction asks for."""

    limit: ComputeUnits
    price: MicroLamports

    @property
    def priority_fee(self) -> Lamports:
        """What the price adds to the fee, whether or not the units are used."""
        return Lamports(-(-self.limit * self.price // _MICRO))

    def instructions(self) -> list[Instruction]:
        """The two that go before all others."""
        return [set_compute_unit_limit(self.limit), set_compute_unit_price(self.price)]


def compile_message(payer: Pubkey, budget: Budget, instructions: Sequence[Instruction], blockhash: Hash) -> MessageV0:
    """The message to sign. Raises InvalidValue when the transaction cannot fit."""
    return fitting(MessageV0.try_compile(payer, [*budget.instructions(), *instructions], [], blockhash))


def fitting(message: MessageV0) -> MessageV0:
    """The same message. Raises InvalidValue when its transaction is longer than the cluster takes."""
    length = 1 + 64 * message.header.num_required_signatures + len(to_bytes_versioned(message))
    if length > MAX_WIRE:
        raise InvalidValue(
            f"the transaction has {length} bytes and may have {MAX_WIRE}: send fewer instructions at once"
        )
    return message


def unsigned(message: MessageV0) -> VersionedTransaction:
    """A transaction with empty signatures, for simulating."""
    return VersionedTransaction.populate(message, [Signature.default()] * message.header.num_required_signatures)


async def sign(message: MessageV0, signers: Sequence[Signer]) -> VersionedTransaction:
    """The message with every signature that it needs. Raises SignerError for a missing, needless or false one."""
    wanted = message.account_keys[: message.header.num_required_signatures]
    by_key = {str(signer.public_key): signer for signer in signers}
    if needless := by_key.keys() - {str(key) for key in wanted}:
        raise SignerError(f"{min(needless)} has nothing to sign here: leave it out")
    signatures = [await _signature(message, by_key.get(str(key)), key) for key in wanted]
    return VersionedTransaction.populate(message, signatures)


def programs(transaction: VersionedTransaction) -> list[Pubkey]:
    """The program of each instruction, in order."""
    keys = transaction.message.account_keys
    return [keys[item.program_id_index] for item in transaction.message.instructions]


async def _signature(message: MessageV0, signer: Signer | None, key: Pubkey) -> Signature:
    if signer is None:
        raise SignerError(f"the transaction needs the signature of {key}: give its signer too")
    signed = to_bytes_versioned(message)
    signature = await signer.sign(signed)
    if not signature.verify(key, signed):
        raise SignerError(
            f"the signer of {key} gave a signature that does not verify: check the device or the key file"
        )
    return signature
