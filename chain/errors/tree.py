# ruff: noqa: N818 - classes are named after what happened.
"""Every error but the program's own; the tree is drawn in chain.errors."""

from collections.abc import Sequence


class ChainError(Exception):
    """Anything that `chain` raises on purpose."""


class InvalidValue(ChainError):
    """A value that must not exist was about to be made."""


class StakeOutsideLimits(InvalidValue):
    """A stake below $0.50 or above $10."""


class AccountError(ChainError):
    """Bytes that are not what they were taken for."""


class ForeignAccount(AccountError):
    """Another program owns the account."""


class UnexpectedAccount(AccountError):
    """The account is of another kind."""


class UnknownAccountVersion(AccountError):
    """The account is of a version that this release does not know."""


class MarketNotFound(AccountError):
    """No market stands at the address: nothing does, or another account."""


class ProposalNotFound(AccountError):
    """No multisig or proposal stands at the address, or its account was closed."""


class MalformedData(AccountError):
    """Too short, too long, or holding a value that its type does not have."""


class NotUnderstood(ChainError):
    """An instruction that is not known to the last byte and account, so that nobody can say what it does."""


class MarketUnfinished(ChainError):
    """The market has no outcome yet, so there is nothing to verify."""


class MarketChanging(ChainError):
    """The market changed during every attempt to read it whole."""


class ProofError(ChainError):
    """A randomness key or proof that does not hold."""


class InvalidRandomnessPoint(ProofError):
    """Not the canonical encoding of a point, or a key of small order."""


class InvalidRandomnessProof(ProofError):
    """The proof is malformed or does not verify."""


class RosterError(ChainError):
    """The file of the multisigs and their members cannot be used."""


class SignerError(ChainError):
    """A key cannot be read or used."""


class JournalError(ChainError):
    """The journal of transactions cannot be read or written."""


class RpcError(ChainError):
    """An RPC call failed. `endpoint` has no path and no query, where providers keep keys."""

    def __init__(self, message: str, endpoint: str = "") -> None:
        super().__init__(message)
        self.endpoint = endpoint


class EndpointUnreachable(RpcError):
    """No connection, or it broke before the answer came: the request may have arrived."""


class EndpointTimeout(RpcError):
    """No answer in time: the request may have arrived."""


class RateLimited(RpcError):
    """HTTP 429. `retry_after` is what the endpoint asked for, in seconds, or None."""

    def __init__(self, message: str, endpoint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, endpoint)
        self.retry_after = retry_after


class EndpointFailed(RpcError):
    """Another HTTP status than 200, or a node that says that it is behind."""


class MalformedAnswer(RpcError):
    """What came back is not what the method returns."""


class RpcRefused(RpcError):
    """The node understood the request and refused it, so no other endpoint is asked. `code` is JSON-RPC's."""

    def __init__(self, message: str, endpoint: str = "", code: int | None = None) -> None:
        super().__init__(message, endpoint)
        self.code = code


class WrongCluster(RpcError):
    """The endpoint serves another cluster than the one it was configured for."""


class AllEndpointsFailed(RpcError):
    """Every endpoint failed, each as often as allowed. `failures` has the last failure of each."""

    def __init__(self, message: str, failures: Sequence[RpcError]) -> None:
        super().__init__(message)
        self.failures = tuple(failures)


class EndpointsDisagree(RpcError):
    """Endpoints that are both asked tell different things of the same account."""


class SendingError(ChainError):
    """A transaction has not been seen to land. `intent` names it in the journal."""

    def __init__(self, message: str, intent: str) -> None:
        super().__init__(message)
        self.intent = intent


class OutcomeUnknown(SendingError):
    """Whether the transaction landed cannot be said yet; the journal keeps it and `resume` continues."""


class TransactionExpired(SendingError):
    """The transaction did not land and never can, in as many versions as were allowed."""


class TransactionError(ChainError):
    """A transaction failed, in simulation or on the chain.

    `instruction` is the failing one's index in the transaction and `account` the account that the program named in
    its log; both None when unknown. `logs` are the transaction's, untrusted. `signature` is None in a simulation.
    """

    def __init__(
        self,
        message: str,
        *,
        logs: Sequence[str] = (),
        instruction: int | None = None,
        account: str | None = None,
        signature: str | None = None,
    ) -> None:
        super().__init__(message)
        self.logs = tuple(logs)
        self.instruction = instruction
        self.account = account
        self.signature = signature


class NotEnoughSol(TransactionError):
    """The fee payer cannot pay the fee, or an account the rent."""


class BlockhashUnknown(TransactionError):
    """The blockhash has expired, or the endpoint lags behind the one that gave it."""


class OtherProgramError(TransactionError):
    """A custom error of a program that is not ours; `code` is that program's number."""

    def __init__(
        self,
        message: str,
        *,
        code: int,
        program: str | None = None,
        logs: Sequence[str] = (),
        instruction: int | None = None,
        signature: str | None = None,
    ) -> None:
        super().__init__(message, logs=logs, instruction=instruction, signature=signature)
        self.code = code
        self.program = program
