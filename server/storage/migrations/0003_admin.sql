-- What operators have set, for every process and after every restart. Settings belong to all
-- tenants together: tenant is the operator's.
CREATE TABLE settings (
    tenant text NOT NULL,
    -- What kind of thing is set, such as "circuit_breaker".
    kind text NOT NULL,
    -- Which of that kind.
    subject text NOT NULL,
    value jsonb NOT NULL,
    update_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, kind, subject)
);

-- Figures of every process that runs, for sums over all of them. Lost in a crash, which is fine.
CREATE UNLOGGED TABLE process_figures (
    tenant text NOT NULL,
    process uuid NOT NULL,
    time timestamptz NOT NULL DEFAULT now(),
    figures jsonb NOT NULL,
    PRIMARY KEY (tenant, process)
);
