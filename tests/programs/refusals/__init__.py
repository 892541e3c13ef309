"""Every refusal as a table: `accounts` has a row for each account of each instruction and each thing that can be wrong with it, `domain` one for each rule."""
