"""What is kept off the chain: texts by CID."""
