"""The built program on Agave's own test validator: preloaded with a back-dated market, and deployed through the real
loader."""
