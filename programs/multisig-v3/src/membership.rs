//! What the instructions that change members and threshold share. The multisig itself must sign for them, which it does only
//! in a transaction with authority 0 that its members approved.

use crate::{
    errors::Error,
    state::{Multisig, MOST_MEMBERS},
};
use interface::{
    accounts::{read, Role},
    errors::require,
    rent::Rent,
    Outcome,
};
use pinocchio::{AccountView, Address, Resize};

/// The multisig, which signs.
pub const ITSELF: Role = read("multisig").signs().writable();

/// Adds a member. A longer account needs more rent, which must already lie on it; whoever is a member already stays one.
pub fn enroll<'a>(view: &'a AccountView, key: &Address, program: &Address) -> Outcome<Multisig<'a>> {
    let mut multisig = Multisig::load(view, program)?;
    if multisig.keys().binary_search(key).is_ok() {
        return Ok(multisig);
    }
    let members = multisig.keys().len() + 1;
    require(members <= MOST_MEMBERS, Error::MaxMembersReached)?;
    if !multisig.has_room() {
        let length = Multisig::length(members);
        require(view.lamports() >= Rent::get()?.minimum_balance(length), Error::NotEnoughLamports)?;
        { *view }.resize(length)?;
        multisig = Multisig::load(view, program)?;
    }
    multisig.insert(key)?;
    multisig.mark_change();
    Ok(multisig)
}
