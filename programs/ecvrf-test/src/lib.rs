//! A program that is only the verifier, for the RFC's vectors and hostile proofs. It is never deployed.
//!
//! Data: operation 0, key, proof, alpha (any length) → the output as return data; operation 1, key → nothing.
//! Custom errors: 1 malformed data, 2 key, 3 point, 4 scalar, 5 mismatch.
#![no_std]

use ecvrf::{validate_key, verify, Error, KEY_LEN, PROOF_LEN};
use pinocchio::{cpi::set_return_data, error::ProgramError, AccountView, Address, ProgramResult};

pinocchio::program_entrypoint!(process, 1);
runtime::panic_handler!();

const VERIFY: u8 = 0;
const VALIDATE_KEY: u8 = 1;
const MALFORMED: ProgramError = ProgramError::Custom(1);
const KEY: ProgramError = ProgramError::Custom(2);

fn process(_: &Address, _: &mut [AccountView], data: &[u8]) -> ProgramResult {
    let (operation, data) = data.split_first().ok_or(MALFORMED)?;
    let (key, data) = data.split_first_chunk::<KEY_LEN>().ok_or(MALFORMED)?;
    match *operation {
        VERIFY => {
            let (proof, alpha) = data.split_first_chunk::<PROOF_LEN>().ok_or(MALFORMED)?;
            set_return_data(&verify(key, proof, alpha).map_err(number)?);
            Ok(())
        }
        VALIDATE_KEY if !data.is_empty() => Err(MALFORMED),
        VALIDATE_KEY if validate_key(key) => Ok(()),
        VALIDATE_KEY => Err(KEY),
        _ => Err(MALFORMED),
    }
}

fn number(error: Error) -> ProgramError {
    match error {
        Error::Key => KEY,
        Error::Point => ProgramError::Custom(3),
        Error::Scalar => ProgramError::Custom(4),
        Error::Mismatch => ProgramError::Custom(5),
    }
}
