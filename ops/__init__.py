"""What an operator does, as functions that return data; `ops.commands` is the command line over them."""
