//! The interface's own refusals; Anchor's stand before them.

interface::errors! {
    /// Why an instruction is refused.
    Error {
        DuplicateMember = 6000;
        EmptyMembers = 6001;
        TooManyMembers = 6002;
        InvalidThreshold = 6003;
        Unauthorized = 6004;
        NotAMember = 6005;
        InvalidTransactionMessage = 6006;
        StaleProposal = 6007;
        InvalidProposalStatus = 6008;
        InvalidTransactionIndex = 6009;
        AlreadyApproved = 6010;
        AlreadyRejected = 6011;
        AlreadyCancelled = 6012;
        InvalidNumberOfAccounts = 6013;
        InvalidAccount = 6014;
        RemoveLastMember = 6015;
        NoVoters = 6016;
        NoProposers = 6017;
        NoExecutors = 6018;
        InvalidStaleTransactionIndex = 6019;
        NotSupportedForControlled = 6020;
        TimeLockNotReleased = 6021;
        NoActions = 6022;
        MissingAccount = 6023;
        InvalidMint = 6024;
        InvalidDestination = 6025;
        SpendingLimitExceeded = 6026;
        DecimalsMismatch = 6027;
        UnknownPermission = 6028;
        ProtectedAccount = 6029;
        TimeLockExceedsMaxAllowed = 6030;
        IllegalAccountOwner = 6031;
        RentReclamationDisabled = 6032;
        InvalidRentCollector = 6033;
        ProposalForAnotherMultisig = 6034;
        TransactionForAnotherMultisig = 6035;
        TransactionNotMatchingProposal = 6036;
        TransactionNotLastInBatch = 6037;
        BatchNotEmpty = 6038;
        SpendingLimitInvalidAmount = 6039;
        InvalidInstructionArgs = 6040;
        FinalBufferHashMismatch = 6041;
        FinalBufferSizeExceeded = 6042;
        FinalBufferSizeMismatch = 6043;
        MultisigCreateDeprecated = 6044;
    }
}
