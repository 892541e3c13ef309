"""Every way in which `chain` fails, as one tree.

    ChainError
    ├── InvalidValue            a value of ours that must not exist: StakeOutsideLimits
    ├── AccountError            bytes that are not the account they should be: ForeignAccount, UnexpectedAccount,
    │                           UnknownAccountVersion, MarketNotFound, ProposalNotFound, MalformedData
    ├── NotUnderstood           an instruction that cannot be put in words to the last byte
    ├── MarketUnfinished        there is no outcome to verify yet
    ├── MarketChanging          a market that changes faster than it can be read
    ├── ProofError              ECVRF: InvalidRandomnessPoint, InvalidRandomnessProof
    ├── RosterError             the file of the multisigs and their members cannot be used
    ├── SignerError             a key file that cannot be used
    ├── TransactionError        the cluster refused or failed a transaction; carries logs, instruction and account
    │   ├── ProgramError        one class for each number of the IDL: BondShort, NotAdmin, ...
    │   ├── OtherProgramError   a custom error of somebody else's program
    │   ├── NotEnoughSol        the fee or the rent is not covered
    │   └── BlockhashUnknown    expired, or not known to that endpoint yet
    ├── RpcError                an endpoint, or all: EndpointUnreachable, EndpointTimeout, RateLimited, EndpointFailed,
    │                           MalformedAnswer, RpcRefused, AllEndpointsFailed, EndpointsDisagree, WrongCluster
    ├── SendingError            OutcomeUnknown, TransactionExpired
    └── JournalError            the journal cannot be read or written

Messages are one sentence: what is wrong and what to do. The program's own errors are a table in
chain.errors.program, which tests hold against programs/idl/opinion_market.json.
"""

from chain.errors.program import *  # noqa: F403 - 83 names, which the IDL decides
from chain.errors.tree import *  # noqa: F403
