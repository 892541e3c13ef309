use crate::{
    address::{MULTISIG, PROGRAM_CONFIG},
    errors::Error,
};
use interface::{
    address::find,
    data::{begin, open},
    errors::{at_fault, require_of},
    Anchor, Outcome,
};
use pinocchio::{AccountView, Address};

const DISCRIMINATOR: [u8; 8] = *b"\xc4\xd2\x5a\xe7\x90\x95\x8c\x3f";

/// What the whole program is told: who may change this, what a multisig costs, and who gets that.
#[repr(C)]
pub struct ProgramConfig {
    pub authority: Address,
    fee: [u8; 8],
    pub treasury: Address,
    reserved: [u8; 64],
}

const LENGTH: usize = 136;
const _: () = assert!(size_of::<ProgramConfig>() == LENGTH && align_of::<ProgramConfig>() == 1);

impl ProgramConfig {
    /// Bytes of its account.
    pub const LENGTH: usize = 8 + LENGTH;

    /// Where the one of this program stands, and its bump.
    pub fn find(program: &Address) -> Option<(Address, u8)> {
        find(&[MULTISIG, PROGRAM_CONFIG], program)
    }

    /// A new one, over zeros.
    pub fn begin(view: &AccountView) -> Outcome<&mut Self> {
        Ok(Self::over(begin(view, &DISCRIMINATOR)?)?)
    }

    /// The one of an account, checked to be at its address.
    pub fn load<'a>(view: &'a AccountView, program: &Address) -> Outcome<&'a mut Self> {
        let config = Self::over(open("program_config", view, &DISCRIMINATOR, program)?);
        interface::accounts::found("program_config", view, Self::find(program))?;
        config.map_err(|error| at_fault("program_config", error))
    }

    fn over(data: &mut [u8]) -> Result<&mut Self, Anchor> {
        let bytes = data.first_chunk_mut::<LENGTH>().ok_or(Anchor::AccountDidNotDeserialize)?;
        // SAFETY: it is as long, has alignment 1 and no padding, and any bytes are one.
        Ok(unsafe { &mut *bytes.as_mut_ptr().cast::<Self>() })
    }

    /// Refuses anybody but the authority.
    pub fn only_authority(&self, view: &AccountView) -> Outcome {
        require_of("authority", self.authority == *view.address(), Error::Unauthorized)
    }

    /// Lamports for a new multisig.
    pub fn fee(&self) -> u64 {
        u64::from_le_bytes(self.fee)
    }

    pub fn set_fee(&mut self, lamports: u64) {
        self.fee = lamports.to_le_bytes();
    }
}
