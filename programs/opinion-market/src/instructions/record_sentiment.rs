use super::Call;
use crate::{
    accounts::{read, take, Role},
    arguments::Arguments,
    clock,
    constants::{MAX_CONFIDENCE, MAX_SCORE},
    errors::{require, require_of, Error, Outcome},
    events::SentimentRecorded,
    keys::is_at,
    state::{phase, Market, ProgramConfig},
};

pub(super) const ACCOUNTS: [Role; 3] = [read("oracle").signs(), read("config"), read("market").writable()];

/// The oracle records the crowd's sentiment, once.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let score = arguments.u8()?;
    let confidence = arguments.u8()?;
    let summary_hash = *arguments.array()?;
    arguments.end()?;

    let [oracle, config, view] = take(accounts, &ACCOUNTS)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let market = Market::load(&view, program_id)?;
    require_of("oracle", is_at(&oracle, &config.oracle), Error::NotOracle)?;
    require(score <= MAX_SCORE, Error::ScoreOutOfRange)?;
    require(confidence <= MAX_CONFIDENCE, Error::ConfidenceOutOfRange)?;
    market.must_be(phase::CLOSED)?;
    market.state = phase::SCORED;
    market.score = score;
    market.confidence = confidence;
    market.summary_hash = summary_hash;
    market.scored_at = clock::now()?.unix_timestamp.into();
    SentimentRecorded { market: *view.address().as_array(), score, confidence, summary_hash }.emit();
    Ok(())
}
