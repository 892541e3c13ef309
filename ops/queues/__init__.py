"""The queues as an operator sees them: what RQ carries, beside what the database knows, and the hands on both.

RQ only carries (docs/settlement.md): whatever must last is done to the database, and what is done to RQ alone says so.
"""
