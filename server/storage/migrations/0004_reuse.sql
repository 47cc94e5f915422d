-- Answers that may be given again to tickets that ask the same, and what audits of that have shown.

-- Where the server's own role may not create extensions, an administrator does so beforehand.
CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE reuse_entries (
    tenant text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    prompt_version text NOT NULL,
    engine text NOT NULL,
    language text NOT NULL,
    -- Which model made the vector: vectors of different models have nothing in common.
    embedder text NOT NULL,
    embedding vector NOT NULL,
    facts jsonb NOT NULL,
    category text NOT NULL,
    answer jsonb NOT NULL,
    run_id uuid NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (tenant, number)
);
CREATE INDEX reuse_entries_by_partition
    ON reuse_entries (tenant, prompt_version, engine, embedder, language);
CREATE INDEX reuse_entries_by_run ON reuse_entries (tenant, run_id);

-- An index holds vectors of one length. Vectors of other lengths are compared one by one.
CREATE INDEX reuse_entries_near_384 ON reuse_entries
    USING hnsw ((embedding::vector(384)) vector_cosine_ops) WHERE vector_dims(embedding) = 384;
CREATE INDEX reuse_entries_near_768 ON reuse_entries
    USING hnsw ((embedding::vector(768)) vector_cosine_ops) WHERE vector_dims(embedding) = 768;
CREATE INDEX reuse_entries_near_1024 ON reuse_entries
    USING hnsw ((embedding::vector(1024)) vector_cosine_ops) WHERE vector_dims(embedding) = 1024;
CREATE INDEX reuse_entries_near_1536 ON reuse_entries
    USING hnsw ((embedding::vector(1536)) vector_cosine_ops) WHERE vector_dims(embedding) = 1536;

CREATE TABLE reuse_gates (
    tenant text NOT NULL,
    prompt_version text NOT NULL,
    engine text NOT NULL,
    -- Grows when all evidence is void.
    era bigint NOT NULL,
    -- Logarithm of the evidence that hits have become false more often.
    drift double precision NOT NULL,
    PRIMARY KEY (tenant, prompt_version, engine)
);

CREATE TABLE reuse_evidence (
    tenant text NOT NULL,
    prompt_version text NOT NULL,
    engine text NOT NULL,
    -- The highest similarity threshold that the would-be hits reached.
    threshold double precision NOT NULL,
    -- What each counted as an error, and the most that it could have counted.
    value double precision NOT NULL,
    ceiling double precision NOT NULL,
    items bigint NOT NULL,
    PRIMARY KEY (tenant, prompt_version, engine, threshold, value, ceiling),
    FOREIGN KEY (tenant, prompt_version, engine) REFERENCES reuse_gates ON DELETE CASCADE
);
