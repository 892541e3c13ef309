//! Every refusal and its number: the interface's own from 6000 on, and before them Anchor's, which its clients know.

use core::num::NonZeroU64;
use pinocchio::error::ProgramError;
use runtime::log;

/// Declares the errors with their names for the log.
macro_rules! errors {
    ($($name:ident = $number:literal;)*) => {
        /// Why an instruction is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        #[allow(missing_docs)]
        pub enum Error {
            $($name = $number,)*
        }

        impl Error {
            /// The name, for the log.
            const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

errors! {
    InstructionFallbackNotFound = 101;
    InstructionDidNotDeserialize = 102;
    ConstraintMut = 2000;
    ConstraintRaw = 2003;
    ConstraintSeeds = 2006;
    AccountDiscriminatorNotFound = 3001;
    AccountDiscriminatorMismatch = 3002;
    AccountDidNotDeserialize = 3003;
    AccountNotEnoughKeys = 3005;
    AccountOwnedByWrongProgram = 3007;
    InvalidProgramId = 3008;
    AccountNotSigner = 3010;
    KeyNotInMultisig = 6000;
    InvalidTransactionState = 6001;
    InvalidNumberOfAccounts = 6002;
    InvalidInstructionAccount = 6003;
    InvalidAuthorityIndex = 6004;
    TransactionAlreadyExecuted = 6005;
    CannotRemoveSoloMember = 6006;
    InvalidThreshold = 6007;
    DeprecatedTransaction = 6008;
    MaxMembersReached = 6010;
    EmptyMembers = 6011;
    PartialExecution = 6012;
    NotEnoughLamports = 6013;
}

/// What the runtime gets for a refusal: our error's number, or the runtime's own code. Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Refusal(NonZeroU64);

/// What every step ends with.
pub type Outcome<T = ()> = Result<T, Refusal>;

impl Refusal {
    /// The code for the runtime.
    pub const fn code(self) -> u64 {
        self.0.get()
    }

    /// Without a word in the log.
    const fn silent(error: Error) -> Self {
        Self(NonZeroU64::MIN.saturating_add(error as u64 - 1))
    }
}

impl From<Error> for Refusal {
    #[cold]
    fn from(error: Error) -> Self {
        log::joined(&[error.name()]);
        Self::silent(error)
    }
}

impl From<ProgramError> for Refusal {
    #[cold]
    fn from(error: ProgramError) -> Self {
        Self(NonZeroU64::new(error.into()).unwrap_or(NonZeroU64::MAX))
    }
}

/// The error, after logging which account is at fault: `transaction: ConstraintSeeds`.
#[cold]
#[inline(never)]
pub fn at_fault(account: &str, error: Error) -> Refusal {
    log::joined(&[account, ": ", error.name()]);
    Refusal::silent(error)
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
