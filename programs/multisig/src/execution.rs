//! Doing what a vault was told to: the message's instructions, one after the other, signed by the vault's address.

use crate::{
    address::{EPHEMERAL_SIGNER, MULTISIG, VAULT},
    errors::Error,
    state::{Compiled, Message, Payload},
};
use core::{
    array::from_fn,
    mem::MaybeUninit,
    slice::{from_raw_parts, from_ref},
};
use interface::{
    address::is_derived,
    errors::{at_fault, require, require_of},
    Outcome,
};
use pinocchio::{
    cpi::{invoke_signed_unchecked, CpiAccount, Seed, Signer},
    entrypoint::HEAP_START_ADDRESS,
    instruction::{InstructionAccount, InstructionView},
    AccountView, Address,
};

/// More keys that sign within one transaction alone than anybody needs; their seeds lie on the stack.
pub const MOST_EPHEMERAL: usize = 8;
/// The accounts that one instruction may name, repeated ones counted.
const MOST_ACCOUNTS: usize = 255;

type Metas<'a> = [MaybeUninit<InstructionAccount<'a>>; MOST_ACCOUNTS];
type Infos<'a> = [MaybeUninit<CpiAccount<'a>>; MOST_ACCOUNTS];

/// Where they lie, as the stack is too small and there is no allocator: one after the other on the heap.
const METAS: u64 = HEAP_START_ADDRESS;
const INFOS: u64 = METAS + size_of::<Metas>() as u64;
const _: () = assert!(INFOS + size_of::<Infos>() as u64 <= METAS + 32 * 1024);

/// The owner of lookup tables, and how one begins.
const TABLE_PROGRAM: Address = Address::new_from_array([
    2, 119, 166, 175, 151, 51, 155, 122, 200, 141, 24, 146, 201, 4, 70, 245, 0, 2, 48, 146, 102, 246, 46, 83,
    193, 24, 36, 73, 130, 0, 0, 0,
]);
const TABLE: [u8; 4] = [1, 0, 0, 0];
const TABLE_HEAD: usize = 56;

/// Whom the message signs as, and of which transaction.
pub struct Vault<'a> {
    pub multisig: &'a Address,
    pub transaction: &'a Address,
    /// Its number and its bump.
    pub index: u8,
    pub bump: u8,
    pub program: &'a Address,
}

/// What is executed, with the accounts that the caller passed for it: tables, the message's keys, and what tables hold.
pub struct Execution<'a> {
    pub payload: &'a Payload<'a>,
    pub vault: Vault<'a>,
    pub passed: &'a [AccountView],
    /// What says that this was executed, and what it is, which nothing that is executed may write.
    pub protected: &'a [&'a Address],
}

impl<'a> Execution<'a> {
    /// Calls every instruction.
    #[inline(never)]
    pub fn run(&self) -> Outcome {
        let message = &self.payload.message;
        self.check()?;
        let accounts = &self.passed[message.tables()..];
        for instruction in message.instructions() {
            self.invoke(message, &instruction, accounts)?;
        }
        Ok(())
    }

    /// Holds what was passed to what was voted on.
    #[inline(never)]
    fn check(&self) -> Outcome {
        let message = &self.payload.message;
        let (writable, readonly) = message.looked_up();
        let total = message.tables() + message.keys.len() + writable + readonly;
        require(self.passed.len() == total, Error::InvalidNumberOfAccounts)?;
        require(self.payload.ephemeral_bumps.len() <= MOST_EPHEMERAL, Error::InvalidTransactionMessage)?;
        let accounts = &self.passed[message.tables()..];
        for (number, (account, key)) in accounts.iter().zip(message.keys).enumerate() {
            require_of("message key", account.address() == key, Error::InvalidAccount)?;
            let signs = !message.signs(number) || account.is_signer() || self.is_ours(key);
            require_of("message key", signs, Error::InvalidAccount)?;
            self.check_written(account, message.writes(number))?;
        }
        self.check_tables(accounts)
    }

    /// The accounts from tables: each table's that are written, then its others, table by table.
    fn check_tables(&self, accounts: &[AccountView]) -> Outcome {
        let message = &self.payload.message;
        let mut place = message.keys.len();
        for (lookup, table) in message.lookups().zip(self.passed) {
            require_of("table", table.address() == lookup.table, Error::InvalidAccount)?;
            require_of("table", table.owned_by(&TABLE_PROGRAM), Error::IllegalAccountOwner)?;
            // SAFETY: nobody writes a table in this instruction, and no reference to it is kept.
            let data = unsafe { from_raw_parts(table.data_ptr(), table.data_len()) };
            require_of("table", data.starts_with(&TABLE), Error::InvalidAccount)?;
            let keys = data.get(TABLE_HEAD..).unwrap_or_default();
            let numbers = lookup.writable.iter().map(|number| (number, true));
            for (number, writes) in numbers.chain(lookup.readonly.iter().map(|number| (number, false))) {
                let at = 32 * usize::from(*number);
                let account = &accounts[place];
                let key = keys.get(at..at + 32).ok_or_else(|| at_fault("table", Error::InvalidAccount))?;
                require_of("looked up", account.address().as_array() == key, Error::InvalidAccount)?;
                self.check_written(account, writes)?;
                place += 1;
            }
        }
        Ok(())
    }

    fn check_written(&self, account: &AccountView, writes: bool) -> Outcome {
        require_of("message key", account.is_writable() || !writes, Error::InvalidAccount)?;
        let protected = writes && self.protected.contains(&account.address());
        require_of("message key", !protected, Error::ProtectedAccount)
    }

    /// Which of the accounts has this number in the message: there, what tables' accounts are written comes before all the
    /// others of tables.
    fn place(&self, message: &Message, number: usize) -> usize {
        let keys = message.keys.len();
        if number < keys {
            return number;
        }
        let (mut wanted, mut at) = (number - keys, keys);
        for writable in [true, false] {
            at = keys;
            for lookup in message.lookups() {
                let (before, count) = if writable {
                    (0, lookup.writable.len())
                } else {
                    (lookup.writable.len(), lookup.readonly.len())
                };
                if wanted < count {
                    return at + before + wanted;
                }
                wanted -= count;
                at += lookup.writable.len() + lookup.readonly.len();
            }
        }
        at
    }

    #[inline(never)]
    fn invoke(&self, message: &Message, instruction: &Compiled, accounts: &[AccountView]) -> Outcome {
        require(instruction.accounts.len() <= MOST_ACCOUNTS, Error::InvalidNumberOfAccounts)?;
        // SAFETY: the two areas of the heap are apart, aligned and zeros or what an earlier call left, which is not read,
        // and nothing else uses the heap.
        let (metas, infos) = unsafe { (&mut *(METAS as *mut Metas), &mut *(INFOS as *mut Infos)) };
        let mut count = 0;
        for number in instruction.accounts.iter().copied().map(usize::from) {
            let found = accounts.get(self.place(message, number));
            let account = found.ok_or(Error::InvalidNumberOfAccounts)?;
            let meta =
                InstructionAccount::new(account.address(), message.writes(number), message.signs(number));
            metas[count].write(meta);
            CpiAccount::init_from_account_view(account, &mut infos[count]);
            count += 1;
        }
        // SAFETY: the first `count` of each were written.
        let (metas, infos) = unsafe {
            (from_raw_parts(metas.as_ptr().cast(), count), from_raw_parts(infos.as_ptr().cast(), count))
        };
        let program = accounts.get(usize::from(instruction.program)).ok_or(Error::InvalidNumberOfAccounts)?;
        let view = InstructionView { program_id: program.address(), data: instruction.data, accounts: metas };
        self.signed(&view, infos);
        Ok(())
    }

    /// Signs as the vault and as the transaction's own keys.
    #[inline(never)]
    fn signed(&self, view: &InstructionView, infos: &[CpiAccount]) {
        let (vault, bumps) = (&self.vault, self.payload.ephemeral_bumps);
        let as_vault: [Seed; 5] = [
            MULTISIG.into(),
            vault.multisig.as_array().into(),
            VAULT.into(),
            from_ref(&vault.index).into(),
            from_ref(&vault.bump).into(),
        ];
        let numbers: [u8; MOST_EPHEMERAL] = from_fn(|number| number as u8);
        let as_ephemeral: [[Seed; 5]; MOST_EPHEMERAL] = from_fn(|number| {
            [
                MULTISIG.into(),
                vault.transaction.as_array().into(),
                EPHEMERAL_SIGNER.into(),
                from_ref(&numbers[number]).into(),
                bumps.get(number..number + 1).unwrap_or_default().into(),
            ]
        });
        let signers: [Signer; 1 + MOST_EPHEMERAL] = from_fn(|number| match number.checked_sub(1) {
            Some(ephemeral) => Signer::from(&as_ephemeral[ephemeral]),
            None => Signer::from(&as_vault),
        });
        // SAFETY: of what is read after the call through references from before it, the stored transaction is protected from
        // being written, and the rest is no account's data.
        unsafe { invoke_signed_unchecked(view, infos, &signers[..1 + bumps.len()]) };
    }

    /// Whether it is the vault, or one of the transaction's own keys.
    #[inline(never)]
    fn is_ours(&self, key: &Address) -> bool {
        let vault = &self.vault;
        let seeds = [MULTISIG, vault.multisig.as_array(), VAULT, from_ref(&vault.index)];
        let mut bumps = self.payload.ephemeral_bumps.iter().zip(0u8..);
        is_derived(key, &seeds, vault.bump, vault.program)
            || bumps.any(|(bump, number)| {
                let seeds = [MULTISIG, vault.transaction.as_array(), EPHEMERAL_SIGNER, from_ref(&number)];
                is_derived(key, &seeds, *bump, vault.program)
            })
    }
}
