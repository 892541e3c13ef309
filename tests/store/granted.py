"""The database's roles, and a user of each."""

import psycopg

from store.grants import Member, statements


def grant(url: str) -> None:
    """Make the roles in a migrated database, twice as after a migration, each with one user, NAME_user."""
    with psycopg.connect(url) as connection:
        for statement in (*statements(), *statements()):
            connection.execute(statement.encode())
        for member in Member:
            login = f"CREATE ROLE {member}_user LOGIN IN ROLE {member}"
            connection.execute(f"DO $$ BEGIN {login}; EXCEPTION WHEN duplicate_object THEN NULL; END $$".encode())


def url_of(url: str, member: Member) -> str:
    """The same database, as the member's user."""
    return url.replace("//opinion@", f"//{member}_user@")
