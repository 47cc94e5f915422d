-- Who may call, and what was changed by whom.

-- A deleted tenant leaves its id behind, for its audit events' sake: nobody else may have it.
CREATE TABLE tenants (
    tenant text COLLATE "C" PRIMARY KEY,
    title text NOT NULL,
    suspended boolean NOT NULL DEFAULT false,
    create_time timestamptz NOT NULL DEFAULT now(),
    delete_time timestamptz
);
INSERT INTO tenants (tenant, title) VALUES ('default', 'Operator');

CREATE TABLE api_keys (
    tenant text COLLATE "C" NOT NULL REFERENCES tenants,
    number bigint GENERATED ALWAYS AS IDENTITY,
    -- 16 hexadecimal digits, which are also part of the secret.
    key_id text COLLATE "C" NOT NULL UNIQUE,
    -- SHA-256 of the secret.
    digest bytea NOT NULL,
    title text NOT NULL,
    -- Numbers of the contract.
    roles smallint[] NOT NULL,
    permissions text[] NOT NULL,
    tier text NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    expire_time timestamptz,
    revoke_time timestamptz,
    last_use_time timestamptz,
    -- Id of the key that replaces it; empty: none.
    replaced_by text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, number)
);

CREATE TABLE audit_events (
    tenant text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    time timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    resource text NOT NULL,
    before jsonb,
    after jsonb,
    PRIMARY KEY (tenant, number)
);
CREATE INDEX audit_events_by_action ON audit_events (tenant, action, number);

CREATE FUNCTION refuse_to_change_audit_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are never changed or deleted';
END
$$;
CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit_events();
