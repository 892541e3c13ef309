//! SPL token accounts: what they say, and moving what they hold.
#![deny(clippy::arithmetic_side_effects)]

use crate::{
    accounts::owned_by,
    address::is_associated,
    constants::{TOKEN_PROGRAM, USDC_DECIMALS},
    errors::{require_of, Error, Outcome},
    keys::same,
    system::{self, New},
};
use pinocchio::{
    cpi::{Seed, Signer},
    AccountView, Address,
};
use pinocchio_token::instructions::{CloseAccount, InitializeAccount3, Transfer};

const ACCOUNT_LEN: usize = 165;
const MINT_LEN: usize = 82;
const MINT: usize = 0;
const OWNER: usize = 32;
const AMOUNT: usize = 64;
const STATE: usize = 108;
const MINT_DECIMALS: usize = 44;
const MINT_INITIALIZED: usize = 45;
const UNINITIALIZED: u8 = 0;
const FROZEN: u8 = 2;

/// A token account that passed `token_account`; what it holds is read anew each time, as transfers change it.
#[derive(Clone, Copy)]
pub struct TokenAccount<'a> {
    name: &'static str,
    view: &'a AccountView,
}

/// Who lets tokens go: a signer, or one of this program's addresses by its seeds.
pub struct Authority<'a> {
    view: &'a AccountView,
    seeds: &'a [Seed<'a>],
}

impl<'a> Authority<'a> {
    /// Somebody who signed the transaction.
    #[inline(always)]
    pub const fn signer(view: &'a AccountView) -> Self {
        Self { view, seeds: &[] }
    }

    /// An address of this program, whose seeds end with the bump.
    #[inline(always)]
    pub const fn derived(view: &'a AccountView, seeds: &'a [Seed<'a>]) -> Self {
        Self { view, seeds }
    }

    /// No signers at all where there are no seeds: the runtime would derive an address from nothing.
    #[inline(always)]
    fn signers<'b>(&self, derived: &'b [Signer<'a, 'a>; 1]) -> &'b [Signer<'a, 'a>] {
        if self.seeds.is_empty() {
            &[]
        } else {
            derived
        }
    }
}

/// Refuses anything but an initialized SPL token account.
#[inline(never)]
pub fn token_account<'a>(name: &'static str, view: &'a AccountView) -> Outcome<TokenAccount<'a>> {
    owned_by(name, view, &TOKEN_PROGRAM)?;
    let account = TokenAccount { name, view };
    let initialized = view.data_len() == ACCOUNT_LEN && account.byte(STATE) != UNINITIALIZED;
    require_of(name, initialized, Error::InvalidTokenAccount)?;
    Ok(account)
}

impl<'a> TokenAccount<'a> {
    #[inline(always)]
    fn at<T>(&self, offset: usize) -> *const T {
        // SAFETY: `token_account` saw 165 bytes, and a token account never changes its length.
        unsafe { self.view.data_ptr().add(offset) }.cast()
    }

    #[inline(always)]
    fn byte(&self, offset: usize) -> u8 {
        // SAFETY: within the account; volatile because a CPI may have changed it since.
        unsafe { self.at::<u8>(offset).read_volatile() }
    }

    /// The mint.
    #[inline(always)]
    pub fn mint(&self) -> &'a Address {
        // SAFETY: within the account; an Address is 32 bytes of alignment 1, and the mint of an account never changes.
        unsafe { &*self.at::<Address>(MINT) }
    }

    #[inline(always)]
    fn owner(&self) -> &'a Address {
        // SAFETY: within the account; no instruction that this program sends changes the owner.
        unsafe { &*self.at::<Address>(OWNER) }
    }

    /// What it holds now.
    #[inline(always)]
    pub fn amount(&self) -> u64 {
        // SAFETY: within the account and aligned, as the runtime aligns data to 8; volatile because a CPI may have changed it.
        u64::from_le(unsafe { self.at::<u64>(AMOUNT).read_volatile() })
    }

    /// Refuses another mint.
    #[inline(always)]
    pub fn of_mint(self, mint: &Address) -> Outcome<Self> {
        require_of(self.name, same(self.mint().as_array(), mint.as_array()), Error::WrongMint)?;
        Ok(self)
    }

    /// Refuses another owner.
    #[inline(always)]
    pub fn belonging_to(self, owner: &Address) -> Outcome<Self> {
        require_of(self.name, same(self.owner().as_array(), owner.as_array()), Error::WrongTokenOwner)?;
        Ok(self)
    }

    /// Refuses anything but the owner's associated account, and that too when its owner gave it away.
    #[inline(never)]
    pub fn associated_with(self, owner: &Address) -> Outcome<Self> {
        let associated = is_associated(self.view.address(), owner, self.mint());
        require_of(self.name, associated, Error::NotAssociatedAccount)?;
        self.belonging_to(owner)
    }

    /// Where an owner may be paid: any account of theirs to name when they sign, else only the associated one.
    #[inline(never)]
    pub fn payable_to(self, owner: &AccountView) -> Outcome<Self> {
        if owner.is_signer() {
            Ok(self)
        } else {
            self.associated_with(owner.address())
        }
    }

    #[inline(always)]
    fn is_frozen(&self) -> bool {
        self.byte(STATE) == FROZEN
    }

    #[inline(always)]
    fn not_frozen(&self) -> Outcome {
        require_of(self.name, !self.is_frozen(), Error::TokenAccountFrozen)
    }

    /// Whether it can pay this amount now.
    #[inline(always)]
    pub fn lets_go(&self, amount: u64) -> bool {
        !self.is_frozen() && self.amount() >= amount
    }

    /// Sends tokens.
    #[inline(never)]
    pub fn transfer(&self, to: &TokenAccount, authority: &Authority, amount: u64) -> Outcome {
        self.not_frozen()?;
        to.not_frozen()?;
        require_of(self.name, self.amount() >= amount, Error::InsufficientFunds)?;
        Transfer::new(self.view, to.view, authority.view, amount)
            .invoke_signed(authority.signers(&[Signer::from(authority.seeds)]))?;
        Ok(())
    }

    /// Closes an empty account whose authority has these seeds; its rent goes to the recipient.
    #[inline(always)]
    pub fn close(&self, recipient: &AccountView, authority: &Authority) -> Outcome {
        CloseAccount::new(self.view, recipient, authority.view)
            .invoke_signed(&[Signer::from(authority.seeds)])?;
        Ok(())
    }
}

/// Creates a token account; the seeds are its own.
#[inline(never)]
pub fn create(new: &New, mint: &AccountView, owner: &Address) -> Outcome {
    system::create(new, ACCOUNT_LEN, &TOKEN_PROGRAM)?;
    InitializeAccount3::new(new.account, mint, owner).invoke()?;
    Ok(())
}

/// Refuses anything but an initialized SPL mint with USDC's decimals.
#[inline(always)]
pub fn usdc_mint(account: &AccountView) -> Outcome {
    owned_by("usdc_mint", account, &TOKEN_PROGRAM)?;
    // SAFETY: only two bytes are read, after the length is known; nothing writes to the mint here.
    let data = unsafe { account.borrow_unchecked() };
    let valid = data.len() == MINT_LEN
        && data[MINT_DECIMALS] == USDC_DECIMALS
        && data[MINT_INITIALIZED] != UNINITIALIZED;
    require_of("usdc_mint", valid, Error::InvalidMint)
}
