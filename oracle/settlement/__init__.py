"""Settles one market: reads the chain, plans one step, takes it, and reads again (docs/settlement.md).

`facts` reads, `plan` decides (pure), `acts` makes the instructions, `engine` holds lease and fence around them.
"""
