"""PostgreSQL's clock as the oracle reads it, put wrong while it runs.

`clock_timestamp()` is another function for whoever searches our schema before pg_catalog. PostgreSQL's own timeouts
stay as they are, which they do not where libfaketime moves all of its clocks.
"""

from datetime import timedelta
from urllib.parse import urlsplit

import psycopg

_SET_UP = """
CREATE SCHEMA faults;
CREATE TABLE faults.clock AS SELECT interval '0' AS ahead;
CREATE FUNCTION faults.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT pg_catalog.clock_timestamp() + (SELECT ahead FROM faults.clock)';
"""


def set_up(url: str) -> None:
    """Give an empty database a clock that can be put; it is right as yet."""
    name = urlsplit(url).path.strip("/")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_SET_UP)
        connection.execute(f"ALTER DATABASE {name} SET search_path = faults, pg_catalog".encode())


def put(url: str, by: timedelta) -> None:
    """Put it on or back by so much."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE faults.clock SET ahead = ahead + %s", (by,))
