-- Runs and taxonomies. Every table starts with its tenant.

CREATE TABLE triage_runs (
    tenant text NOT NULL,
    -- 48 bits of milliseconds, then randomness: later runs sort after earlier ones.
    run_id uuid NOT NULL,
    create_time timestamptz NOT NULL,
    ticket_id text NOT NULL,
    category text NOT NULL,
    decision smallint NOT NULL,
    request_id uuid,
    ticket_digest bytea NOT NULL,
    ticket jsonb NOT NULL,
    answer jsonb NOT NULL,
    server_version text NOT NULL,
    PRIMARY KEY (tenant, run_id)
-- Rows of usual size stay whole: compressing each would cost more than the space is worth.
) WITH (toast_tuple_target = 8160);

-- The same request id gives the same run.
CREATE UNIQUE INDEX triage_runs_by_request ON triage_runs (tenant, request_id)
    WHERE request_id IS NOT NULL;
CREATE INDEX triage_runs_by_category ON triage_runs (tenant, category, run_id);
CREATE INDEX triage_runs_by_decision ON triage_runs (tenant, decision, run_id);
CREATE INDEX triage_runs_by_ticket ON triage_runs (tenant, ticket_id, run_id);

-- Every revision of a tenant's categories; the model of the newest alone is kept.
CREATE TABLE taxonomies (
    tenant text NOT NULL,
    revision bigint NOT NULL,
    update_time timestamptz NOT NULL,
    categories jsonb NOT NULL,
    model bytea,
    PRIMARY KEY (tenant, revision)
);
