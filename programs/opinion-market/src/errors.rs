//! Every refusal and its number, as in the IDL.

use core::num::NonZeroU64;
use pinocchio::error::ProgramError;
use runtime::log;

/// Declares the errors with what the log says of an account at fault, a host test reads the list.
macro_rules! errors {
    ($($name:ident = $number:literal, $words:literal;)*) => {
        /// Why an instruction is refused. What each means stands in the IDL.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        #[allow(missing_docs)]
        pub enum Error {
            $($name = $number,)*
        }

        impl Error {
            /// The name in words, for the log.
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }

            #[cfg(test)]
            pub const ALL: &'static [(&'static str, Self)] = &[$((stringify!($name), Self::$name),)*];
        }
    };
}

errors! {
    MissingSignature = 6000, "missing signature";
    NotWritable = 6001, "not writable";
    DuplicateAccount = 6002, "duplicate account";
    NotEnoughAccounts = 6003, "not enough accounts";
    InvalidInstructionData = 6004, "invalid instruction data";
    UnknownInstruction = 6005, "unknown instruction";
    WrongProgram = 6006, "wrong program";
    WrongSysvar = 6007, "wrong sysvar";
    WrongAccountOwner = 6008, "wrong account owner";
    WrongDiscriminator = 6009, "wrong discriminator";
    WrongAccountVersion = 6010, "wrong account version";
    WrongAddress = 6011, "wrong address";
    AlreadyInitialized = 6012, "already initialized";
    NotUpgradeAuthority = 6013, "not upgrade authority";
    NotAdmin = 6014, "not admin";
    NotOracle = 6015, "not oracle";
    NotGuardianOrAdmin = 6016, "not guardian or admin";
    GuardianMayOnlyPause = 6017, "guardian may only pause";
    UnknownRole = 6018, "unknown role";
    NotPendingAuthority = 6019, "not pending authority";
    InvalidAuthority = 6020, "invalid authority";
    InvalidRandomnessKey = 6021, "invalid randomness key";
    RandomnessKeyRevoked = 6022, "randomness key revoked";
    RandomnessKeyMissing = 6023, "randomness key missing";
    UnknownRandomnessProvider = 6024, "unknown randomness provider";
    BondShareOutOfRange = 6025, "bond share out of range";
    BondShort = 6026, "bond short";
    FreeBondShort = 6027, "free bond short";
    AmountZero = 6028, "amount zero";
    InvalidMint = 6029, "invalid mint";
    InvalidTokenAccount = 6030, "invalid token account";
    WrongMint = 6031, "wrong mint";
    WrongTokenOwner = 6032, "wrong token owner";
    TokenAccountFrozen = 6033, "token account frozen";
    NotAssociatedAccount = 6034, "not associated account";
    InsufficientFunds = 6035, "insufficient funds";
    ProgramPaused = 6036, "program paused";
    StatementEmpty = 6037, "statement empty";
    StatementTooLong = 6038, "statement too long";
    StatementNotUtf8 = 6039, "statement not utf-8";
    InvalidDuration = 6040, "invalid duration";
    InvalidCid = 6041, "invalid cid";
    StakeOutOfRange = 6042, "stake out of range";
    StatementMismatch = 6043, "statement mismatch";
    AlreadyStaked = 6044, "already staked";
    MarketExpired = 6045, "market expired";
    MarketNotExpired = 6046, "market not expired";
    WrongMarketState = 6047, "wrong market state";
    ScoreOutOfRange = 6048, "score out of range";
    ConfidenceOutOfRange = 6049, "confidence out of range";
    TooFewStakers = 6050, "too few stakers";
    SettlementOverdue = 6051, "settlement overdue";
    SlotHashNotReady = 6052, "slot hash not ready";
    SlotHashLapsed = 6053, "slot hash lapsed";
    SlotHashNotLapsed = 6054, "slot hash not lapsed";
    AlreadyRearmed = 6055, "already rearmed";
    AlreadyCaptured = 6056, "already captured";
    NotCaptured = 6057, "not captured";
    RandomnessDeadlinePassed = 6058, "randomness deadline passed";
    AlreadyFulfilled = 6059, "already fulfilled";
    NotFulfilled = 6060, "not fulfilled";
    WrongRandomnessProvider = 6061, "wrong randomness provider";
    InvalidProofPoint = 6062, "invalid proof point";
    InvalidProofScalar = 6063, "invalid proof scalar";
    ProofMismatch = 6064, "proof mismatch";
    ExternalRandomnessWrongOwner = 6065, "external randomness wrong owner";
    ExternalRandomnessWrongAddress = 6066, "external randomness wrong address";
    ExternalRandomnessInvalid = 6067, "external randomness invalid";
    ExternalRandomnessNotFulfilled = 6068, "external randomness not fulfilled";
    DrawNotCovered = 6069, "draw not covered";
    AlreadyPaid = 6070, "already paid";
    NothingToPay = 6071, "nothing to pay";
    NotExpirable = 6072, "not expirable";
    RandomnessVerified = 6073, "randomness verified";
    OpinionUnpaid = 6074, "opinion unpaid";
    OpinionsOpen = 6075, "opinions open";
    LiabilitiesOutstanding = 6076, "liabilities outstanding";
    WrongMarket = 6077, "wrong market";
    WrongStaker = 6078, "wrong staker";
    WrongPayer = 6079, "wrong payer";
    WrongRecipient = 6080, "wrong recipient";
    MarketFull = 6081, "market full";
    BrokenInvariant = 6082, "broken invariant";
    RearmTooEarly = 6083, "rearm too early";
}

/// What the runtime gets for a refusal: our error's number, or the runtime's own code.
///
/// One register and never zero, so that an `Outcome` is one register too: with `ProgramError`, every call would pass its
/// result through memory, which took a fifth more bytes and compute units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Refusal(NonZeroU64);

/// What every step ends with.
pub type Outcome<T = ()> = Result<T, Refusal>;

impl Refusal {
    /// The code for the runtime.
    #[inline(always)]
    pub const fn code(self) -> u64 {
        self.0.get()
    }
}

impl From<Error> for Refusal {
    #[inline(always)]
    fn from(error: Error) -> Self {
        Self(NonZeroU64::MIN.saturating_add(error as u64 - 1))
    }
}

impl From<ProgramError> for Refusal {
    #[cold]
    #[inline(never)]
    fn from(error: ProgramError) -> Self {
        Self(NonZeroU64::new(error.into()).unwrap_or(NonZeroU64::MAX))
    }
}

/// The error, after logging which account is at fault: `escrow: wrong address`.
#[cold]
#[inline(never)]
pub fn at_fault(account: &str, error: Error) -> Refusal {
    log::joined(&[account, ": ", error.words()]);
    error.into()
}

/// `Ok` when the condition holds.
#[inline(always)]
pub fn require(condition: bool, error: Error) -> Result<(), Error> {
    if condition {
        Ok(())
    } else {
        Err(error)
    }
}

/// `Ok` when the condition holds; otherwise the log names the account.
#[inline(always)]
pub fn require_of(account: &str, condition: bool, error: Error) -> Outcome {
    if condition {
        Ok(())
    } else {
        Err(at_fault(account, error))
    }
}
