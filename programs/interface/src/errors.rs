//! Every refusal and its number: a program's own from 6000 on, and before them Anchor's, which its clients know.

use core::num::NonZeroU64;
use pinocchio::error::ProgramError;
use runtime::log;

/// An error with the number that the runtime gets, and the name that the log gets.
pub trait Numbered: Copy {
    fn name(self) -> &'static str;
    /// Never zero.
    fn number(self) -> u32;
}

/// Declares an enum of errors with their numbers; each becomes a `Refusal` by `?`, with its name in the log.
#[macro_export]
macro_rules! errors {
    ($(#[$meta:meta])* $enum:ident { $($name:ident = $number:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        #[allow(missing_docs)]
        pub enum $enum {
            $($name = $number,)*
        }

        impl $crate::errors::Numbered for $enum {
            fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            fn number(self) -> u32 {
                self as u32
            }
        }

        impl From<$enum> for $crate::errors::Refusal {
            #[cold]
            fn from(error: $enum) -> Self {
                $crate::errors::Refusal::told(error)
            }
        }
    };
}

errors! {
    /// What Anchor refuses before a program's own code begins.
    Anchor {
        InstructionFallbackNotFound = 101;
        InstructionDidNotDeserialize = 102;
        ConstraintMut = 2000;
        ConstraintHasOne = 2001;
        ConstraintRaw = 2003;
        ConstraintSeeds = 2006;
        ConstraintAddress = 2012;
        ConstraintTokenMint = 2014;
        ConstraintTokenOwner = 2015;
        AccountDiscriminatorNotFound = 3001;
        AccountDiscriminatorMismatch = 3002;
        AccountDidNotDeserialize = 3003;
        AccountNotEnoughKeys = 3005;
        AccountOwnedByWrongProgram = 3007;
        InvalidProgramId = 3008;
        AccountNotSigner = 3010;
    }
}

/// What the runtime gets for a refusal: an error's number, or the runtime's own code. Never zero.
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

    /// After its name is in the log.
    #[cold]
    #[inline(never)]
    pub fn told<E: Numbered>(error: E) -> Self {
        log::joined(&[error.name()]);
        Self::silent(error)
    }

    /// Without a word in the log.
    fn silent<E: Numbered>(error: E) -> Self {
        Self(NonZeroU64::new(u64::from(error.number())).unwrap_or(NonZeroU64::MAX))
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
pub fn at_fault<E: Numbered>(account: &str, error: E) -> Refusal {
    log::joined(&[account, ": ", error.name()]);
    Refusal::silent(error)
}

/// `Ok` when the condition holds.
#[inline(always)]
pub fn require<E>(condition: bool, error: E) -> Result<(), E> {
    if condition {
        Ok(())
    } else {
        Err(error)
    }
}

/// `Ok` when the condition holds; otherwise the log names the account.
#[inline(always)]
pub fn require_of<E: Numbered>(account: &str, condition: bool, error: E) -> Outcome {
    if condition {
        Ok(())
    } else {
        Err(at_fault(account, error))
    }
}
