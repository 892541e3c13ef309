//! One file an instruction. Each reads its arguments, then checks in one order: enough accounts, signers, writables, the system
//! program, owners, discriminators, addresses, who may, arguments, and last the state. A refusal undoes what was written.

mod activate_transaction;
mod add_authority;
mod add_instruction;
mod add_member;
mod add_member_and_change_threshold;
mod approve_transaction;
mod cancel_transaction;
mod change_threshold;
mod create;
mod create_transaction;
mod execute_instruction;
mod execute_transaction;
mod reject_transaction;
mod remove_member;
mod remove_member_and_change_threshold;

use crate::errors::{Error, Outcome};
use pinocchio::{AccountView, Address};

/// What the runtime hands over. One argument, as functions of this target take five words and no more.
pub struct Call<'a> {
    pub program_id: &'a Address,
    pub accounts: &'a [AccountView],
    pub data: &'a [u8],
}

/// Declares which instruction has which discriminator: the first eight bytes of SHA-256 of `global:` and its name.
macro_rules! instructions {
    ($($name:ident $discriminator:literal;)*) => {
        /// Hands a call to its instruction, without the discriminator.
        pub fn dispatch(mut call: Call) -> Outcome {
            let (discriminator, arguments) = call
                .data
                .split_first_chunk::<8>()
                .ok_or(Error::InstructionFallbackNotFound)?;
            call.data = arguments;
            match discriminator {
                $($discriminator => $name::process(&call),)*
                _ => Err(Error::InstructionFallbackNotFound.into()),
            }
        }

        #[cfg(test)]
        const ALL: &[(&str, &[u8; 8])] = &[$((stringify!($name), $discriminator),)*];
    };
}

instructions! {
    create b"\x18\x1e\xc8\x28\x05\x1c\x07\x77";
    add_member b"\x0d\x74\x7b\x82\x7e\xc6\x39\x22";
    remove_member b"\xab\x39\xe7\x96\xa7\x80\x12\x37";
    remove_member_and_change_threshold b"\xe6\x61\xb7\xf8\x2b\xbe\x9a\x1d";
    add_member_and_change_threshold b"\x72\xd5\x3b\x2f\xd6\x9d\x96\xaa";
    change_threshold b"\x92\x97\xd5\x3f\x79\x4f\x09\x1d";
    add_authority b"\xe5\x09\x6a\x49\x5b\xd5\x6d\xb7";
    create_transaction b"\xe3\xc1\x35\xef\x37\x7e\x70\x69";
    activate_transaction b"\x38\x11\x00\xa3\x87\x0b\x87\x20";
    add_instruction b"\x0b\x46\x88\xa6\xca\x37\xf6\x4a";
    approve_transaction b"\xe0\x27\x58\xb5\x24\x3b\x9b\x7a";
    reject_transaction b"\x2f\x8d\xda\xc0\x50\x61\xd1\x74";
    cancel_transaction b"\x41\xbf\x13\x7f\xe6\x1a\xd6\x8e";
    execute_transaction b"\xe7\xad\x31\x5b\xeb\x18\x44\x13";
    execute_instruction b"\x30\x12\x28\x28\x4b\x4a\x93\x6e";
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use runtime::sha256;

    #[test]
    fn discriminators_are_the_names_hashes() {
        for (name, discriminator) in ALL {
            assert_eq!(&sha256(&[b"global:", name.as_bytes()])[..8], &discriminator[..]);
        }
    }
}
