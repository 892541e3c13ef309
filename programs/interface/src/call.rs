//! What the runtime hands over, and which instruction it is for.

use pinocchio::{AccountView, Address};

/// One instruction's accounts and data. One argument, as functions of this target take five words and no more.
pub struct Call<'a> {
    pub program_id: &'a Address,
    pub accounts: &'a [AccountView],
    pub data: &'a [u8],
}

/// Where the runtime starts: deserializes, hands the call to `$dispatch`, and answers with its refusal's number.
#[macro_export]
macro_rules! entrypoint {
    ($dispatch:path) => {
        /// More than a transaction may lock, so that none of an execution's accounts is cut off.
        const MOST_ACCOUNTS: usize = 128;

        runtime::panic_handler!();

        /// Where the runtime starts.
        ///
        /// # Safety
        /// `input` must be the runtime's serialized accounts and instruction.
        #[no_mangle]
        pub unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
            use core::{mem::MaybeUninit, slice::from_raw_parts};
            use pinocchio::{entrypoint::deserialize, AccountView};

            let mut accounts = [const { MaybeUninit::<AccountView>::uninit() }; MOST_ACCOUNTS];
            // SAFETY: the caller's contract is what `deserialize` asks for.
            let (program_id, count, data) = unsafe { deserialize::<MOST_ACCOUNTS>(input, &mut accounts) };
            // SAFETY: `deserialize` filled the first `count`.
            let accounts = unsafe { from_raw_parts(accounts.as_ptr().cast(), count) };
            match $dispatch($crate::Call { program_id, accounts, data }) {
                Ok(()) => pinocchio::SUCCESS,
                Err(refusal) => refusal.code(),
            }
        }
    };
}

/// Declares which instruction has which discriminator, the first eight bytes of SHA-256 of `global:` and its name, and
/// what it is done by.
#[macro_export]
macro_rules! instructions {
    ($($name:ident $discriminator:literal => $process:path;)*) => {
        /// Hands a call to its instruction, without the discriminator.
        pub fn dispatch(mut call: $crate::Call) -> $crate::Outcome {
            let (discriminator, arguments) = call
                .data
                .split_first_chunk::<8>()
                .ok_or($crate::Anchor::InstructionFallbackNotFound)?;
            call.data = arguments;
            match discriminator {
                $($discriminator => $process(&call),)*
                _ => Err($crate::Anchor::InstructionFallbackNotFound.into()),
            }
        }

        #[cfg(test)]
        mod discriminators {
            #[test]
            fn they_are_the_names_hashes() {
                let all: &[(&str, &[u8; 8])] = &[$((stringify!($name), $discriminator),)*];
                for (name, discriminator) in all {
                    assert_eq!(&runtime::sha256(&[b"global:", name.as_bytes()])[..8], &discriminator[..]);
                }
            }
        }
    };
}
