"""The Textual console for on-call engineers and signers: draws state, sends intents, holds no connection itself."""
