-- What failed for good: to be looked at, replayed or purged.

CREATE TABLE dead_letters (
    tenant text NOT NULL,
    -- 48 bits of milliseconds, then randomness: later letters sort after earlier ones.
    letter_id uuid NOT NULL,
    create_time timestamptz NOT NULL,
    function text NOT NULL,
    severity smallint NOT NULL,
    reason text NOT NULL,
    attempts json NOT NULL,
    -- JSON without personal data, as text: PostgreSQL's JSON refuses some that others take. NULL
    -- once the letter is purged.
    request text,
    state smallint NOT NULL,
    -- Name of the run that a replay made; empty: none yet.
    replay_run text NOT NULL DEFAULT '',
    -- Who replays it now, and until when nobody else may.
    claim uuid,
    claim_expire_time timestamptz,
    PRIMARY KEY (tenant, letter_id)
);
