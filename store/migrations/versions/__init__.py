"""One file a step, never changed once released; numbered, since versions one apart work together."""
