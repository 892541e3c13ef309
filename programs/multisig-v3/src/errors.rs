//! The interface's own refusals; Anchor's stand before them.

interface::errors! {
    /// Why an instruction is refused.
    Error {
        KeyNotInMultisig = 6000;
        InvalidTransactionState = 6001;
        InvalidNumberOfAccounts = 6002;
        InvalidInstructionAccount = 6003;
        InvalidAuthorityIndex = 6004;
        TransactionAlreadyExecuted = 6005;
        CannotRemoveSoloMember = 6006;
        InvalidThreshold = 6007;
        DeprecatedTransaction = 6008;
        MaxMembersReached = 6010;
        EmptyMembers = 6011;
        PartialExecution = 6012;
        NotEnoughLamports = 6013;
    }
}
