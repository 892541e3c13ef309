//! One file a family of instructions. Each reads its arguments, then checks in one order: enough accounts, signers,
//! writables, the system program, owners, discriminators, addresses, who may, and last the state. A refusal undoes what was
//! written.

mod batches;
mod buffers;
mod closing;
mod config_transactions;
mod controlled;
mod creation;
mod program_config;
mod proposals;
mod spending_limits;
mod vault_transactions;

use crate::errors::Error;
use interface::{Call, Outcome};

/// The interface's first way to create a multisig, which nobody may use any more.
fn multisig_create(_: &Call) -> Outcome {
    Err(Error::MultisigCreateDeprecated.into())
}

interface::instructions! {
    program_config_init b"\xb8\xbc\xc6\xc3\xcd\x7c\x75\xd8" => program_config::init;
    program_config_set_authority b"\xee\xf2\x24\xb5\x20\x8f\xd8\x4b" => program_config::set_authority;
    program_config_set_multisig_creation_fee b"\x65\xa0\xf9\x3f\x9a\xd7\x99\x0d" => program_config::set_fee;
    program_config_set_treasury b"\x6f\x2e\xf3\x75\x90\xbc\xa2\x6b" => program_config::set_treasury;
    multisig_create b"\x7a\x4d\x50\x9f\x54\x58\x5a\xc5" => multisig_create;
    multisig_create_v2 b"\x32\xdd\xc7\x5d\x28\xf5\x8b\xe9" => creation::create;
    multisig_add_member b"\x01\xdb\xd7\x6c\xb8\xe5\xd6\x08" => controlled::add_member;
    multisig_remove_member b"\xd9\x75\xb1\xd2\xb6\x91\xda\x48" => controlled::remove_member;
    multisig_set_time_lock b"\x94\x9a\x79\x4d\xd4\xfe\x9b\x48" => controlled::set_time_lock;
    multisig_change_threshold b"\x8d\x2a\x0f\x7e\xa9\x5c\x3e\xb5" => controlled::change_threshold;
    multisig_set_config_authority b"\x8f\x5d\xc7\x8f\x5c\xa9\xc1\xe8" => controlled::set_config_authority;
    multisig_set_rent_collector b"\x30\xcc\x41\x39\xd2\x46\x9c\x4a" => controlled::set_rent_collector;
    multisig_add_spending_limit b"\x0b\xf2\x9f\x2a\x56\xc5\x59\x73" => spending_limits::add;
    multisig_remove_spending_limit b"\xe4\xc6\x88\x6f\x7b\x04\xb2\x71" => spending_limits::remove;
    config_transaction_create b"\x9b\xec\x57\xe4\x89\x4b\x51\x27" => config_transactions::create;
    config_transaction_execute b"\x72\x92\xf4\xbd\xfc\x8c\x24\x28" => config_transactions::execute;
    vault_transaction_create b"\x30\xfa\x4e\xa8\xd0\xe2\xda\xd3" => vault_transactions::create;
    transaction_buffer_create b"\xf5\xc9\x71\x6c\x25\x3f\x1d\x59" => buffers::create;
    transaction_buffer_close b"\x11\xb6\xd0\xe4\x88\x18\xb2\x66" => buffers::close;
    transaction_buffer_extend b"\xe6\x9d\x43\x38\x05\xee\xf5\x92" => buffers::extend;
    vault_transaction_create_from_buffer b"\xde\x36\x95\x44\x57\xf6\x30\xe7" => buffers::create_transaction;
    vault_transaction_execute b"\xc2\x08\xa1\x57\x99\xa4\x19\xab" => vault_transactions::execute;
    batch_create b"\xc2\x8e\x8d\x11\x37\xb9\x14\xf8" => batches::create;
    batch_add_transaction b"\x59\x64\xe0\x12\x45\x46\x36\x4c" => batches::add;
    batch_execute_transaction b"\xac\x2c\xb3\x98\x15\x7f\xea\xb4" => batches::execute;
    proposal_create b"\xdc\x3c\x49\xe0\x1e\x6c\x4f\x9f" => proposals::create;
    proposal_activate b"\x0b\x22\x5c\xf8\x9a\x1b\x33\x6a" => proposals::activate;
    proposal_approve b"\x90\x25\xa4\x88\xbc\xd8\x2a\xf8" => proposals::approve;
    proposal_reject b"\xf3\x3e\x86\x9c\xe6\x6a\xf6\x87" => proposals::reject;
    proposal_cancel b"\x1b\x2a\x7f\xed\x26\xa3\x54\xcb" => proposals::cancel;
    proposal_cancel_v2 b"\xcd\x29\xc2\x3d\xdc\x8b\x10\xf7" => proposals::cancel_v2;
    spending_limit_use b"\x10\x39\x82\x7f\xc1\x14\x9b\x86" => spending_limits::spend;
    config_transaction_accounts_close b"\x50\xcb\x54\x35\x97\x70\xbb\xba" => closing::config_transaction;
    vault_transaction_accounts_close b"\xc4\x47\xbb\xb0\x02\x23\xaa\xa5" => closing::vault_transaction;
    vault_batch_transaction_account_close b"\x86\x12\x13\x6a\x81\x44\x61\xf7" => closing::batch_transaction;
    batch_accounts_close b"\xda\xc4\x07\xaf\x82\x66\x0b\xff" => closing::batch;
}
