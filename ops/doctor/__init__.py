"""`opinion doctor`: looks at every outside part of the oracle, and says what to do where one is not well."""
