# ruff: noqa: N818 - names are the IDL's.
"""The program's own errors: one class for each number of programs/idl/opinion_market.json, and what to do about it."""

import re
from collections.abc import Sequence
from typing import ClassVar

from chain.errors.tree import TransactionError


class ProgramError(TransactionError):
    """The program refused. Catch a subclass by name, or look at `code`."""

    code: ClassVar[int]
    explanation: ClassVar[str]
    remedy: ClassVar[str] = ""

    @classmethod
    def from_logs(
        cls,
        *,
        logs: Sequence[str] = (),
        instruction: int | None = None,
        account: str | None = None,
        signature: str | None = None,
    ) -> "ProgramError":
        """The error in one sentence: which account, what is wrong, what to do."""
        where = f"{account}: " if account else ""
        then = f": {cls.remedy}" if cls.remedy else ""
        message = f"{where}{cls.explanation} ({cls.__name__}, {cls.code}){then}"
        return cls(message, logs=logs, instruction=instruction, account=account, signature=signature)


_MISSING = re.compile(r"Program log: bond short: missing (\d{1,20})")


def _program_error(code: int, name: str, explanation: str, remedy: str = "") -> type[ProgramError]:
    body = {"code": code, "explanation": explanation, "remedy": remedy, "__module__": __name__, "__doc__": explanation}
    return type(name, (ProgramError,), body)


MissingSignature = _program_error(
    6000, "MissingSignature", "an account that must sign did not", "sign with the account that the log names"
)
NotWritable = _program_error(6001, "NotWritable", "an account that must be writable is read-only")
DuplicateAccount = _program_error(6002, "DuplicateAccount", "two accounts that must differ are the same")
NotEnoughAccounts = _program_error(6003, "NotEnoughAccounts", "the instruction has too few accounts")
InvalidInstructionData = _program_error(
    6004, "InvalidInstructionData", "the instruction's data is too short, too long or malformed"
)
UnknownInstruction = _program_error(6005, "UnknownInstruction", "no instruction has this discriminator")
WrongProgram = _program_error(6006, "WrongProgram", "an account is not the program it must be")
WrongSysvar = _program_error(6007, "WrongSysvar", "an account is not the sysvar it must be")
WrongAccountOwner = _program_error(
    6008, "WrongAccountOwner", "an account does not belong to the program it must belong to"
)
WrongDiscriminator = _program_error(6009, "WrongDiscriminator", "an account is of another kind")
WrongAccountVersion = _program_error(
    6010, "WrongAccountVersion", "an account has a version that this program does not know"
)
WrongAddress = _program_error(
    6011,
    "WrongAddress",
    "an account does not stand at its derived address",
    "derive it with chain.addresses and the program id in use",
)
AlreadyInitialized = _program_error(
    6012, "AlreadyInitialized", "the account exists already", "read the account instead of creating it"
)
NotUpgradeAuthority = _program_error(
    6013,
    "NotUpgradeAuthority",
    "only the program's upgrade authority may initialize it",
    "sign with the authority that `solana program show` names",
)
NotAdmin = _program_error(6014, "NotAdmin", "only the admin may do this", "sign with the config's admin")
NotOracle = _program_error(6015, "NotOracle", "only the oracle may do this", "sign with the config's oracle")
NotGuardianOrAdmin = _program_error(
    6016, "NotGuardianOrAdmin", "only the guardian or the admin may do this", "sign with the config's guardian or admin"
)
GuardianMayOnlyPause = _program_error(
    6017, "GuardianMayOnlyPause", "the guardian may pause, only the admin may resume", "ask the admin to resume"
)
UnknownRole = _program_error(6018, "UnknownRole", "no authority has this role number")
NotPendingAuthority = _program_error(
    6019, "NotPendingAuthority", "this key has not been proposed for the role", "propose the key first"
)
InvalidAuthority = _program_error(
    6020, "InvalidAuthority", "the zero key cannot hold a role", "name a key that somebody holds"
)
InvalidRandomnessKey = _program_error(
    6021,
    "InvalidRandomnessKey",
    "the randomness key is not a canonical point of large order",
    "make a new key with `chain.ecvrf`",
)
RandomnessKeyRevoked = _program_error(
    6022, "RandomnessKeyRevoked", "the randomness key has been revoked", "propose a key that was never revoked"
)
RandomnessKeyMissing = _program_error(
    6023,
    "RandomnessKeyMissing",
    "there is no randomness key: propose and accept one first",
    "propose a randomness key and accept it",
)
UnknownRandomnessProvider = _program_error(6024, "UnknownRandomnessProvider", "no randomness provider has this number")
BondShareOutOfRange = _program_error(
    6025,
    "BondShareOutOfRange",
    "the bond share must lie between 10000 and 100000 basis points of the pool",
    "choose a share from 10000 to 100000 basis points",
)


class BondShort(ProgramError):
    """The bond vault's free balance does not cover this market's bond; `missing` says by how much, when the log did."""

    code = 6026
    explanation = "the bond vault's free balance does not cover this market's bond"
    remedy = "deposit what is missing into the bond vault"

    @property
    def missing(self) -> int | None:
        """USDC base units."""
        found = (_MISSING.fullmatch(line) for line in self.logs)
        return next((int(match[1]) for match in found if match), None)


FreeBondShort = _program_error(
    6027,
    "FreeBondShort",
    "less than this amount of the bond is free",
    "ask for less, or wait until open requests free their bonds",
)
AmountZero = _program_error(6028, "AmountZero", "the amount is zero", "name an amount above zero")
InvalidMint = _program_error(6029, "InvalidMint", "the mint is not an initialized SPL mint with 6 decimals")
InvalidTokenAccount = _program_error(6030, "InvalidTokenAccount", "the account is not an initialized SPL token account")
WrongMint = _program_error(
    6031, "WrongMint", "the token account is of another mint", "use an account of the config's USDC mint"
)
WrongTokenOwner = _program_error(
    6032, "WrongTokenOwner", "the token account belongs to somebody else", "use the owner's own token account"
)
TokenAccountFrozen = _program_error(
    6033,
    "TokenAccountFrozen",
    "the token account is frozen",
    "ask the mint's freeze authority, or name another account and sign as the owner",
)
NotAssociatedAccount = _program_error(
    6034,
    "NotAssociatedAccount",
    "without the owner's signature only the owner's associated account may be paid",
    "pay the associated account, or let the owner sign",
)
InsufficientFunds = _program_error(
    6035, "InsufficientFunds", "the token account holds too little", "fund the token account and try again"
)
ProgramPaused = _program_error(
    6036, "ProgramPaused", "new markets and stakes are paused", "wait until the admin resumes"
)
StatementEmpty = _program_error(6037, "StatementEmpty", "the statement is empty", "write a statement")
StatementTooLong = _program_error(
    6038, "StatementTooLong", "the statement is longer than 280 bytes", "shorten the statement"
)
StatementNotUtf8 = _program_error(6039, "StatementNotUtf8", "the statement is not valid UTF-8")
InvalidDuration = _program_error(6040, "InvalidDuration", "the duration must be 24 hours, 3, 7 or 14 days")
InvalidCid = _program_error(6041, "InvalidCid", "the CID must be 1 to 64 letters and digits")
StakeOutOfRange = _program_error(
    6042, "StakeOutOfRange", "a stake must lie between 0.50 and 10 USDC", "choose an amount from $0.50 to $10"
)
StatementMismatch = _program_error(
    6043,
    "StatementMismatch",
    "the market's statement is not the one the staker saw",
    "read the market again before staking",
)
AlreadyStaked = _program_error(6044, "AlreadyStaked", "this staker has an opinion on this market already")
MarketExpired = _program_error(6045, "MarketExpired", "the market's time is up")
MarketNotExpired = _program_error(6046, "MarketNotExpired", "the market's time is not up yet", "wait until closes_at")
WrongMarketState = _program_error(
    6047,
    "WrongMarketState",
    "the market is not in the state that this needs",
    "read the market again: it has moved on, or is not there yet",
)
ScoreOutOfRange = _program_error(6048, "ScoreOutOfRange", "the score must lie between 0 and 100")
ConfidenceOutOfRange = _program_error(6049, "ConfidenceOutOfRange", "the confidence must be 0, 1 or 2")
TooFewStakers = _program_error(6050, "TooFewStakers", "a draw needs at least two stakers")
SettlementOverdue = _program_error(
    6051,
    "SettlementOverdue",
    "the time to request randomness is over: the market can only be refunded",
    "expire the market and refund its stakers",
)
SlotHashNotReady = _program_error(
    6052, "SlotHashNotReady", "the target slot has not passed yet", "try again in a few slots"
)
SlotHashLapsed = _program_error(
    6053,
    "SlotHashLapsed",
    "the target slot's hash can no longer be proved",
    "re-arm the request once, or expire the market when that was done already",
)
SlotHashNotLapsed = _program_error(
    6054, "SlotHashNotLapsed", "the target slot's hash can still be captured, or has been"
)
AlreadyRearmed = _program_error(
    6055,
    "AlreadyRearmed",
    "the request has been re-armed once already",
    "expire the market once the second target has lapsed",
)
AlreadyCaptured = _program_error(6056, "AlreadyCaptured", "the slot hash has been captured already")
NotCaptured = _program_error(
    6057, "NotCaptured", "the slot hash has not been captured yet", "capture the slot hash first"
)
RandomnessDeadlinePassed = _program_error(
    6058,
    "RandomnessDeadlinePassed",
    "the 24 hours for randomness are over: the market can only be refunded",
    "expire the market and refund its stakers",
)
AlreadyFulfilled = _program_error(6059, "AlreadyFulfilled", "the randomness has been verified already")
NotFulfilled = _program_error(
    6060, "NotFulfilled", "the randomness has not been verified yet", "prove the randomness first"
)
WrongRandomnessProvider = _program_error(6061, "WrongRandomnessProvider", "the market pins another randomness provider")
InvalidProofPoint = _program_error(6062, "InvalidProofPoint", "the proof's gamma is not a canonical point")
InvalidProofScalar = _program_error(6063, "InvalidProofScalar", "the proof's scalar is not below the group order")
ProofMismatch = _program_error(
    6064,
    "ProofMismatch",
    "the proof does not verify for this market's key and alpha",
    "prove with the key that the market pins, over the request's alpha",
)
ExternalRandomnessWrongOwner = _program_error(
    6065, "ExternalRandomnessWrongOwner", "the randomness account does not belong to the ORAO program"
)
ExternalRandomnessWrongAddress = _program_error(
    6066, "ExternalRandomnessWrongAddress", "the randomness account is not the one derived from alpha"
)
ExternalRandomnessInvalid = _program_error(
    6067, "ExternalRandomnessInvalid", "the randomness account is not a RandomnessV2 with alpha as its seed"
)
ExternalRandomnessNotFulfilled = _program_error(
    6068,
    "ExternalRandomnessNotFulfilled",
    "the external provider has not answered yet",
    "try again when ORAO has answered",
)
DrawNotCovered = _program_error(
    6069, "DrawNotCovered", "this opinion's interval does not hold the draw", "name the opinion whose interval holds r"
)
AlreadyPaid = _program_error(6070, "AlreadyPaid", "this has been paid already")
NothingToPay = _program_error(6071, "NothingToPay", "there is nothing to pay")
NotExpirable = _program_error(6072, "NotExpirable", "nothing allows this market to be refunded now")
RandomnessVerified = _program_error(
    6073, "RandomnessVerified", "the randomness is verified: the market can only be settled", "run the lottery"
)
OpinionUnpaid = _program_error(
    6074, "OpinionUnpaid", "the opinion's refund has not been paid yet", "recover its stake first"
)
OpinionsOpen = _program_error(
    6075, "OpinionsOpen", "opinions of this market are still open", "close the opinions first"
)
LiabilitiesOutstanding = _program_error(
    6076, "LiabilitiesOutstanding", "the escrow still owes money", "pay the prize, the fee or the refunds first"
)
WrongMarket = _program_error(6077, "WrongMarket", "the account belongs to another market")
WrongStaker = _program_error(6078, "WrongStaker", "the account belongs to another staker")
WrongPayer = _program_error(6079, "WrongPayer", "the account is not the one that paid the rent")
WrongRecipient = _program_error(6080, "WrongRecipient", "the account is not the one that must be paid")
MarketFull = _program_error(6081, "MarketFull", "the market has no room for another staker")
BrokenInvariant = _program_error(
    6082, "BrokenInvariant", "the escrow would hold less than it owes", "stop and report this: it must never happen"
)
RearmTooEarly = _program_error(
    6083,
    "RearmTooEarly",
    "a lapsed request can be re-armed an hour after it was made",
    "try again when the hour is over",
)

PROGRAM_ERRORS: dict[int, type[ProgramError]] = {kind.code: kind for kind in ProgramError.__subclasses__()}
"""The class for each number of the IDL."""
