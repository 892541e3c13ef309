"""A request as the machine without a network sees it: what it is for, and whether it may be signed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from solders.message import to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature

from chain.decoding.programs import Decoder
from chain.multisig.fingerprint import fingerprint
from chain.multisig.roster import Council
from chain.signers import Signer
from chain.units import sol
from ops.errors import OperatorError
from ops.signers.acts import Act
from ops.signers.reading import Judged, judged
from ops.signers.request import LIFE, Request, read_request
from oracle.councils import read_roster
from settings import Settings


@dataclass(frozen=True)
class Carried:
    """A request, the council that it is for as the roster here has it, and what its payload does."""

    request: Request
    council: Council
    judged: Judged

    @property
    def words(self) -> str:
        """Eight words for what is voted on: those that the others read off the chain."""
        return fingerprint(self.request.stored.payload_hash)

    def check(self, key: Pubkey) -> None:
        """Raises OperatorError where this must not be signed, or not with this key."""
        request = self.request
        if request.member != key:
            raise OperatorError(f"The request is for {self.council.name(request.member)}'s key, this one is {key}.")
        if request.stored.index != request.number:
            raise OperatorError(f"The request shows proposal {request.stored.index} and votes on {request.number}.")
        if request.act == Act.APPROVE and self.judged.refusals:
            raise OperatorError(f"Nothing was signed: proposal {request.number}: {self.judged.refusals[0]}.")

    def lines(self) -> Iterator[str]:
        """Yield everything that can be known here of what will be signed."""
        request, budget = self.request, self.request.budget
        until = datetime.fromtimestamp(request.made_at + LIFE, UTC)
        yield f"{request.act.upper()} proposal {request.number} of multisig {request.multisig}"
        yield f"  as {self.council.name(request.member)}, until {until:%Y-%m-%d %H:%M} UTC"
        yield f"  {request.courier} pays, with a priority fee of {sol(budget.priority_fee)}"
        if request.memo:
            yield f"  with the reason: {request.memo}"
        yield "Which, as the request says and only the chain can prove"
        for deed in self.judged.deeds:
            yield f"  {deed.words}"
            for account in deed.accounts:
                yield f"    {account}"
        for words in self.judged.refusals:
            yield f"DO NOT APPROVE: {words}"
        yield f"say on the call, and hear the same from the others: {self.words}"

    async def signed(self, signer: Signer) -> Signature:
        """The member's signature over the vote, built here. Raises SignerError."""
        return await signer.sign(to_bytes_versioned(self.request.message(self.council.adapter)))


def opened_request(settings: Settings, lines: Iterable[str]) -> Carried:
    """Read a request, and find its council in the roster.

    Raises OperatorError, UsageError, SettingsError, RosterError and MalformedData.
    """
    request, roster = read_request(lines), read_roster(settings)
    for council in (roster.settlement, roster.upgrade):
        if council is not None and council.pinned.address == request.multisig:
            return Carried(request, council, judged(council, request.stored, Decoder(settings.program)))
    raise OperatorError(f"Multisig {request.multisig} is in no roster here: set ROSTER_PATH, or do not sign.")
