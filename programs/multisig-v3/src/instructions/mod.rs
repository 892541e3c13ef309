//! One file an instruction. Each reads its arguments, then checks in one order: enough accounts, signers, writables, the system
//! program, owners, discriminators, addresses, who may, arguments, and last the state. A refusal undoes what was written.

mod activate_transaction;
mod add_authority;
mod add_instruction;
mod add_member;
mod add_member_and_change_threshold;
mod approve_transaction;
mod cancel_transaction;
mod change_threshold;
mod create;
mod create_transaction;
mod execute_instruction;
mod execute_transaction;
mod reject_transaction;
mod remove_member;
mod remove_member_and_change_threshold;

interface::instructions! {
    create b"\x18\x1e\xc8\x28\x05\x1c\x07\x77" => create::process;
    add_member b"\x0d\x74\x7b\x82\x7e\xc6\x39\x22" => add_member::process;
    remove_member b"\xab\x39\xe7\x96\xa7\x80\x12\x37" => remove_member::process;
    remove_member_and_change_threshold b"\xe6\x61\xb7\xf8\x2b\xbe\x9a\x1d" => remove_member_and_change_threshold::process;
    add_member_and_change_threshold b"\x72\xd5\x3b\x2f\xd6\x9d\x96\xaa" => add_member_and_change_threshold::process;
    change_threshold b"\x92\x97\xd5\x3f\x79\x4f\x09\x1d" => change_threshold::process;
    add_authority b"\xe5\x09\x6a\x49\x5b\xd5\x6d\xb7" => add_authority::process;
    create_transaction b"\xe3\xc1\x35\xef\x37\x7e\x70\x69" => create_transaction::process;
    activate_transaction b"\x38\x11\x00\xa3\x87\x0b\x87\x20" => activate_transaction::process;
    add_instruction b"\x0b\x46\x88\xa6\xca\x37\xf6\x4a" => add_instruction::process;
    approve_transaction b"\xe0\x27\x58\xb5\x24\x3b\x9b\x7a" => approve_transaction::process;
    reject_transaction b"\x2f\x8d\xda\xc0\x50\x61\xd1\x74" => reject_transaction::process;
    cancel_transaction b"\x41\xbf\x13\x7f\xe6\x1a\xd6\x8e" => cancel_transaction::process;
    execute_transaction b"\xe7\xad\x31\x5b\xeb\x18\x44\x13" => execute_transaction::process;
    execute_instruction b"\x30\x12\x28\x28\x4b\x4a\x93\x6e" => execute_instruction::process;
}
