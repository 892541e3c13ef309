use super::Call;
use crate::{
    accounts::{read, take, token_program, Role},
    arguments::Arguments,
    clock,
    errors::{require, require_of, Error, Outcome},
    events::MarketFinished,
    keys::is_at,
    rent::Rent,
    state::{Layout, Market, MarketReceipt, ProgramConfig, VrfRequest},
    system,
};
use pinocchio::Resize;

pub(super) const ACCOUNTS: [Role; 8] = [
    read("config"),
    read("market").writable(),
    read("escrow").writable(),
    read("vrf_request").writable(),
    read("bond_vault").writable(),
    read("creator").writable(),
    read("vrf_payer").writable(),
    read("token_program"),
];

/// Closes what is left of a market that owes nothing, and shrinks it to its receipt, which stays for ever: so no uuid lives
/// twice, and anybody can verify the draw.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let [config, mut view, escrow, mut request_view, bond_vault, mut creator, mut vrf_payer, tokens] =
        take(accounts, &ACCOUNTS)?;
    token_program(&tokens)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let market = Market::load(&view, program_id)?;
    let escrow = market.escrow(&view, &escrow, program_id)?;
    let request = VrfRequest::load_if_any(&request_view, &view, program_id)?;
    let vault = config.bond_vault(&bond_vault, program_id)?;
    require_of("creator", is_at(&creator, &market.creator), Error::WrongRecipient)?;
    if let Some(request) = &request {
        let paid_rent = is_at(&vrf_payer, &request.payer);
        require_of("vrf_payer", paid_rent, Error::WrongPayer)?;
    }
    market.must_be_over()?;
    require(market.open_opinions.get() == 0, Error::OpinionsOpen)?;
    require(market.liability.get() == 0, Error::LiabilitiesOutstanding)?;

    let swept = escrow.amount();
    if swept > 0 {
        market.send(&view, &escrow, &vault, swept)?;
    }
    // Not to the creator: where that is a program by now, the runtime would not show us what it has, and we credit it below.
    market.close_escrow(&view, &escrow)?;

    let receipt = MarketReceipt::of(market, request.as_deref(), clock::now()?.unix_timestamp);
    view.resize(MarketReceipt::LEN)?;
    receipt.store(&view)?;
    let kept = Rent::get()?.minimum_balance(MarketReceipt::LEN);
    system::release(&mut view, kept, &mut creator);
    if request.is_some() {
        system::close(&mut request_view, &mut vrf_payer)?;
    }
    MarketFinished { market: *view.address().as_array(), swept: swept.into() }.emit();
    Ok(())
}
