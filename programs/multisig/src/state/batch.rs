use super::{Origin, Payload, ORIGIN};
use crate::address::{BATCH_TRANSACTION, MULTISIG, TRANSACTION};
use interface::{
    address::is_derived,
    data::{begin, open},
    errors::{at_fault, require_of},
    Anchor, Outcome,
};
use pinocchio::{AccountView, Address};

const BATCH: [u8; 8] = *b"\x9c\xc2\x46\x2c\x16\x58\x89\x2c";
const MEMBER: [u8; 8] = *b"\xc4\x79\x2e\x24\x0c\x13\xfc\x07";

/// Several transactions of one vault that are approved together and executed one after the other.
#[repr(C)]
pub struct Batch {
    pub origin: Origin,
    pub vault_index: u8,
    pub vault_bump: u8,
    size: [u8; 4],
    executed: [u8; 4],
}

const LENGTH: usize = ORIGIN + 10;
const _: () = assert!(size_of::<Batch>() == LENGTH && align_of::<Batch>() == 1);

impl Batch {
    /// Bytes of its account.
    pub const LENGTH: usize = 8 + LENGTH;

    /// A new one without transactions, over zeros.
    pub fn begin<'a>(view: &'a AccountView, origin: &Origin, vault: (u8, u8)) -> Outcome<&'a mut Self> {
        let batch = Self::over(begin(view, &BATCH)?)?;
        batch.origin = *origin;
        (batch.vault_index, batch.vault_bump) = vault;
        Ok(batch)
    }

    /// The batch of an account, checked to be at its address.
    #[inline(never)]
    pub fn load<'a>(
        view: &'a AccountView,
        multisig: &AccountView,
        program: &Address,
    ) -> Outcome<&'a mut Self> {
        let data = open("batch", view, &BATCH, program)?;
        let batch = Self::over(data).map_err(|error| at_fault("batch", error))?;
        let seeds = [MULTISIG, multisig.address().as_array(), TRANSACTION, &batch.origin.index];
        let derived = is_derived(view.address(), &seeds, batch.origin.bump, program);
        require_of("batch", derived, Anchor::ConstraintSeeds)?;
        Ok(batch)
    }

    fn over(data: &mut [u8]) -> Result<&mut Self, Anchor> {
        let bytes = data.first_chunk_mut::<LENGTH>().ok_or(Anchor::AccountDidNotDeserialize)?;
        // SAFETY: it is as long, has alignment 1 and no padding, and any bytes are one.
        Ok(unsafe { &mut *bytes.as_mut_ptr().cast::<Self>() })
    }

    /// How many transactions it has.
    pub fn size(&self) -> u32 {
        u32::from_le_bytes(self.size)
    }

    pub fn set_size(&mut self, size: u32) {
        self.size = size.to_le_bytes();
    }

    /// The number of the transaction that was executed last, 0 when none was.
    pub fn executed(&self) -> u32 {
        u32::from_le_bytes(self.executed)
    }

    pub fn set_executed(&mut self, number: u32) {
        self.executed = number.to_le_bytes();
    }
}

/// One transaction of a batch; its number is in its address alone.
pub struct BatchTransaction<'a> {
    pub payload: Payload<'a>,
}

impl<'a> BatchTransaction<'a> {
    /// Bytes of an account with this payload.
    pub fn length(payload: &Payload) -> usize {
        8 + 1 + payload.length()
    }

    /// Writes it into an account of zeros.
    pub fn write(&self, view: &AccountView, bump: u8) -> Outcome {
        let data = begin(view, &MEMBER)?;
        data[0] = bump;
        self.payload.store(&mut data[1..]);
        Ok(())
    }

    /// The transaction of this number, checked to be at its address.
    #[inline(always)]
    pub fn load(
        view: &'a AccountView,
        multisig: &AccountView,
        (index, number): (u64, u32),
        program: &Address,
    ) -> Outcome<Self> {
        let data: &'a [u8] = open("transaction", view, &MEMBER, program)?;
        let Some(([bump], rest)) = data.split_first_chunk::<1>() else {
            return Err(at_fault("transaction", Anchor::AccountDidNotDeserialize));
        };
        let (index, number) = (index.to_le_bytes(), number.to_le_bytes());
        let seeds =
            [MULTISIG, multisig.address().as_array(), TRANSACTION, &index, BATCH_TRANSACTION, &number];
        let derived = is_derived(view.address(), &seeds, *bump, program);
        require_of("transaction", derived, Anchor::ConstraintSeeds)?;
        Ok(Self { payload: Payload::read(rest).map_err(|error| at_fault("transaction", error))? })
    }
}
