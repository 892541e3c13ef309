//! What some may spend without anybody's vote: begun and ended by the members or a config authority, then used.

use super::vault_transactions::vault_bump;
use crate::{
    address::{MULTISIG, SPENDING_LIMIT, VAULT},
    clock::now,
    errors::Error,
    state::{Limit, Multisig, SpendingLimit},
};
use core::slice::from_ref;
use interface::{
    accounts::{found, read, system_program, take, Role},
    address::find,
    arguments::Arguments,
    errors::{require, require_of},
    system::{close, create, New},
    Anchor, Call, Outcome,
};
use pinocchio::{
    cpi::{invoke_signed, Seed},
    instruction::{InstructionAccount, InstructionView},
    AccountView, Address,
};
use pinocchio_system::instructions::Transfer;

const ADD: [Role; 5] = [
    read("multisig"),
    read("config_authority").signs(),
    read("spending_limit").writable(),
    read("rent_payer").signs().writable(),
    read("system_program"),
];
const REMOVE: [Role; 4] = [
    read("multisig"),
    read("config_authority").signs(),
    read("spending_limit").writable(),
    read("rent_collector").writable(),
];
const USE: [Role; 5] = [
    read("multisig"),
    read("member").signs(),
    read("spending_limit").writable(),
    read("vault").writable(),
    read("destination").writable(),
];

const LAMPORT_DECIMALS: u8 = 9;
const TOKEN_PROGRAM: Address = Address::new_from_array([
    6, 221, 246, 225, 215, 101, 161, 147, 217, 203, 225, 70, 206, 235, 121, 172, 28, 180, 133, 237, 95, 91,
    55, 145, 58, 140, 245, 133, 126, 255, 0, 169,
]);
const TOKEN_2022_PROGRAM: Address = Address::new_from_array([
    6, 221, 246, 225, 238, 117, 143, 222, 24, 66, 93, 188, 228, 108, 205, 218, 182, 26, 252, 77, 131, 185,
    13, 39, 254, 189, 249, 40, 216, 161, 139, 252,
]);

/// Begins a limit of a multisig that has a config authority.
#[inline(never)]
pub fn add(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let limit = Limit::read(&mut arguments)?;
    arguments.memo()?;
    arguments.end()?;
    let ([view, authority, account, payer, system], _) = take(accounts, &ADD)?;
    system_program(system)?;
    Multisig::load(view, program_id)?.only_config_authority(authority)?;
    Beginning { view, account, payer, program: program_id }.begin(&limit)
}

/// Ends one.
#[inline(never)]
pub fn remove(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    arguments.memo()?;
    arguments.end()?;
    let ([view, authority, account, collector], _) = take(accounts, &REMOVE)?;
    let multisig = Multisig::load(view, program_id)?;
    SpendingLimit::load(account, view, program_id)?;
    multisig.only_config_authority(authority)?;
    close(account, collector)
}

/// A limit that begins: its account, and who pays for that.
pub struct Beginning<'a> {
    pub view: &'a AccountView,
    pub account: &'a AccountView,
    pub payer: &'a AccountView,
    pub program: &'a Address,
}

impl Beginning<'_> {
    #[inline(never)]
    pub fn begin(&self, limit: &Limit) -> Outcome {
        let &Self { view, account, payer, program } = self;
        let bump = found("spending_limit", account, limit.find(view.address(), program))?;
        limit.check()?;
        let seeds = [
            MULTISIG.into(),
            view.address().as_array().into(),
            SPENDING_LIMIT.into(),
            limit.seed().into(),
            from_ref(&bump).into(),
        ];
        create(&New { payer, account, seeds: &seeds }, limit.length(), program)?;
        limit.write(account, view.address(), bump)
    }
}

/// The accounts of limits that the members begin and end, among those that come after an instruction's own.
pub struct Passed<'a> {
    pub view: &'a AccountView,
    /// Who pays the rent and gets it back, the system program, then the limits' accounts.
    pub accounts: &'a [AccountView],
    pub program: &'a Address,
}

impl<'a> Passed<'a> {
    #[inline(never)]
    pub fn begin(&self, limit: &Limit) -> Outcome {
        let (payer, system) = payer_of(self.accounts)?;
        system_program(system)?;
        let Some((address, _)) = limit.find(self.view.address(), self.program) else {
            return Err(Error::InvalidAccount.into());
        };
        let account = self.limit(&address)?;
        Beginning { view: self.view, account, payer, program: self.program }.begin(limit)
    }

    #[inline(never)]
    pub fn end(&self, address: &Address) -> Outcome {
        let (payer, _) = payer_of(self.accounts)?;
        let account = self.limit(address)?;
        SpendingLimit::load(account, self.view, self.program)?;
        close(account, payer)
    }

    fn limit(&self, address: &Address) -> Outcome<&'a AccountView> {
        let limits = self.accounts.get(2..).unwrap_or_default();
        let account =
            limits.iter().find(|account| account.address() == address).ok_or(Error::MissingAccount)?;
        require_of("spending_limit", account.is_writable(), Anchor::ConstraintMut)?;
        Ok(account)
    }
}

/// Who pays for longer accounts, and what should be the system program. They may be left out where nothing gets longer; a
/// client says "none" by the program's own address, which signs nothing.
pub fn payer_of(optional: &[AccountView]) -> Outcome<(&AccountView, &AccountView)> {
    let [payer, system, ..] = optional else { return Err(Error::MissingAccount.into()) };
    require(payer.is_signer() && payer.is_writable(), Error::MissingAccount)?;
    Ok((payer, system))
}

/// What is to be spent.
struct Spending<'a> {
    amount: u64,
    decimals: u8,
    vault: &'a AccountView,
    destination: &'a AccountView,
    mint: &'a Address,
    seeds: &'a [Seed<'a>],
}

/// Spends from a vault what a limit allows.
#[inline(never)]
pub fn spend(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let (amount, decimals) = (arguments.u64()?, arguments.u8()?);
    arguments.memo()?;
    arguments.end()?;
    let ([view, member, limit, vault, destination], optional) = take(accounts, &USE)?;
    Multisig::load(view, program_id)?;
    let mut limit = SpendingLimit::load(limit, view, program_id)?;
    let (key, index) = (view.address().as_array(), limit.vault_index());
    found("vault", vault, find(&[MULTISIG, key, VAULT, from_ref(&index)], program_id))?;
    limit.only(member)?;
    limit.pays(destination)?;
    limit.spend(amount, now()?)?;

    let bump = vault_bump(key, index, program_id)?;
    let seeds = [MULTISIG.into(), key.into(), VAULT.into(), from_ref(&index).into(), from_ref(&bump).into()];
    let mint = limit.mint();
    let spending = Spending { amount, decimals, vault, destination, mint, seeds: &seeds };
    let given = Given { optional, program: program_id };
    if *mint == Address::default() {
        spending.lamports(&given)
    } else {
        spending.tokens(&given)
    }
}

/// The accounts of which some are left out: the end of them, or by the program's own address in their place.
struct Given<'a> {
    optional: &'a [AccountView],
    program: &'a Address,
}

impl<'a> Given<'a> {
    fn one(&self, place: usize) -> Result<&'a AccountView, Error> {
        let account = self.optional.get(place).filter(|account| account.address() != self.program);
        account.ok_or(Error::MissingAccount)
    }
}

impl Spending<'_> {
    #[inline(never)]
    fn lamports(&self, given: &Given) -> Outcome {
        system_program(given.one(0)?)?;
        require(self.decimals == LAMPORT_DECIMALS, Error::DecimalsMismatch)?;
        let &Self { amount: lamports, vault: from, destination: to, .. } = self;
        Transfer { from, to, lamports }.invoke_signed(&[self.seeds.into()])?;
        Ok(())
    }

    #[inline(never)]
    fn tokens(&self, given: &Given) -> Outcome {
        let (mint, program) = (given.one(1)?, given.one(4)?);
        let (from, to) = (given.one(2)?, given.one(3)?);
        require_of("mint", mint.address() == self.mint, Error::InvalidMint)?;
        let known = [TOKEN_PROGRAM, TOKEN_2022_PROGRAM].contains(program.address());
        require_of("token_program", known, Anchor::InvalidProgramId)?;
        let program = program.address();
        require_of("mint", mint.owned_by(program), Anchor::AccountOwnedByWrongProgram)?;
        let decimals = byte(mint, MINT_DECIMALS).ok_or(Anchor::AccountDidNotDeserialize)?;
        require(decimals == self.decimals, Error::DecimalsMismatch)?;
        let held = |name, account, owner| Held { name, account, owner, mint: self.mint, program };
        held("vault_token_account", from, self.vault).check()?;
        held("destination_token_account", to, self.destination).check()?;

        let mut data = [0; 10];
        data[0] = TRANSFER_CHECKED;
        data[1..9].copy_from_slice(&self.amount.to_le_bytes());
        data[9] = self.decimals;
        let metas = [
            InstructionAccount::writable(from.address()),
            InstructionAccount::readonly(mint.address()),
            InstructionAccount::writable(to.address()),
            InstructionAccount::readonly_signer(self.vault.address()),
        ];
        let view = InstructionView { program_id: program, data: &data, accounts: &metas };
        invoke_signed(&view, &[from, mint, to, self.vault], &[self.seeds.into()])?;
        Ok(())
    }
}

/// A token account, and what it has to be.
struct Held<'a> {
    name: &'static str,
    account: &'a AccountView,
    owner: &'a AccountView,
    mint: &'a Address,
    program: &'a Address,
}

impl Held<'_> {
    /// Refuses a token account of another mint or owner. Whether it is one at all, the token program says.
    #[inline(never)]
    fn check(&self) -> Outcome {
        let &Self { name, account, owner, mint, program } = self;
        require_of(name, account.owned_by(program), Anchor::AccountOwnedByWrongProgram)?;
        require_of(name, account.is_writable(), Anchor::ConstraintMut)?;
        // SAFETY: the token program's, which nobody writes before the call after this.
        let data = unsafe { account.borrow_unchecked() };
        let (of, held_by) = (data.first_chunk(), data.get(32..).and_then(|rest| rest.first_chunk::<32>()));
        require_of(name, of == Some(mint.as_array()), Anchor::ConstraintTokenMint)?;
        require_of(name, held_by == Some(owner.address().as_array()), Anchor::ConstraintTokenOwner)
    }
}

const TRANSFER_CHECKED: u8 = 12;
const MINT_DECIMALS: usize = 44;

fn byte(account: &AccountView, place: usize) -> Option<u8> {
    // SAFETY: the byte is copied before anything is called.
    unsafe { account.borrow_unchecked() }.get(place).copied()
}
