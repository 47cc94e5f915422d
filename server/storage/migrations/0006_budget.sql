-- What language models cost, and what tenants may spend on them. Money is in millionths of a dollar,
-- days are UTC's.

CREATE TABLE budgets (
    tenant text PRIMARY KEY,
    daily_micro_usd bigint NOT NULL CHECK (daily_micro_usd >= 0),
    when_spent smallint NOT NULL
);

-- Charged is what was spent and what processes hold to spend: never more than the budget.
CREATE TABLE budget_days (
    tenant text NOT NULL,
    day date NOT NULL,
    -- The budget when a process last asked for a share of it, and the share that it got.
    daily_micro_usd bigint NOT NULL,
    granted_micro_usd bigint NOT NULL,
    charged_micro_usd bigint NOT NULL,
    PRIMARY KEY (tenant, day)
);

CREATE TABLE usage_days (
    tenant text NOT NULL,
    day date NOT NULL,
    model text NOT NULL,
    calls bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost_micro_usd bigint NOT NULL,
    PRIMARY KEY (tenant, day, model)
);

-- The number of the last settlement of each process: one whose answer was lost is not made twice.
-- They settle for all tenants together: tenant is the operator's.
CREATE TABLE budget_writers (
    tenant text NOT NULL,
    writer uuid NOT NULL,
    number bigint NOT NULL,
    time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, writer)
);

-- All that is needed or nothing, and some more where plenty is left: at most a hundredth of the
-- budget, and little of what is left, so that the last of it is there for every process.
CREATE FUNCTION share_of_budget(daily bigint, charged bigint, needed bigint, more bigint)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN daily - charged >= needed
        THEN needed + greatest(0, least(more, daily / 100, (daily - charged - needed) / 16))
        ELSE 0 END
$$;
