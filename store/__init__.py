"""What is kept off the chain: the truth of work, the read model, the audit log, and texts by CID."""
