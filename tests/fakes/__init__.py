"""Local servers that speak an outside part's real protocol and misbehave on purpose."""
