"""What signers do: see the multisig, read what is proposed, and vote."""
