"""Every refusal as a table, with a row for each thing that can be wrong.

`accounts`: with an account of an instruction. `domain`: with what happens before a market closes. `settlement`: after.
"""
