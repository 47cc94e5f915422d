"""Why PostgreSQL lets nobody in, in words of ours: the driver's name hosts and users.

libpq tells no SQLSTATE of a connection that was not made, so its text is what there is to go by.
"""

import re

import psycopg

_CAUSES = tuple(
    (re.compile(pattern), cause)
    for pattern, cause in (
        (r"failed to resolve host|could not translate host name", "its host name has no address"),
        (r"FATAL:  password authentication failed|no password supplied", "the password is wrong"),
        (r'FATAL:  role "', "it has no such user, or one that may not log in"),
        (r'FATAL:  database "', "it has no such database, or none that takes connections"),
        (r"FATAL:  permission denied for database", "the user may not connect to that database"),
        (r"no pg_hba\.conf entry|pg_hba\.conf rejects", "its pg_hba.conf does not let us in"),
        (
            r"FATAL:  sorry, too many clients|remaining connection slots",
            "it has no connection free",
        ),
        (r"FATAL:  the database system is", "it is starting, stopping or recovering"),
        (r"Connection refused|No such file or directory", "nothing listens there"),
        (
            r"invalid |SSL|certificate",
            "it cannot be reached so: see the URL's port and TLS options",
        ),
    )
)


def refusal_cause(error: psycopg.Error) -> str:
    """Why no connection was made."""
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return "it does not answer in time"
    if isinstance(error, psycopg.ProgrammingError):
        return "the URL cannot be read"
    text = str(error)
    found = (cause for pattern, cause in _CAUSES if pattern.search(text))
    return next(found, f"no connection could be made ({type(error).__name__})")
