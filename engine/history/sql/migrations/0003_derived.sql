-- What is derived from the rows and kept beside them, so that years of them need not be read for one
-- answer. Several rows of one key stand side by side until they are united.

-- Up to which entry each derived table goes; insert-only, the largest idx counts.
CREATE TABLE derived (
    name VARCHAR,
    idx BIGINT
);

-- Sums of the scheduled runs of a job, by hour of its week.
CREATE TABLE week_profiles (
    job_id VARCHAR,
    hour INTEGER,
    runs BIGINT,
    failed BIGINT,
    timed BIGINT,
    duration_mean DOUBLE,
    duration_m2 DOUBLE,
    duration_min DOUBLE,
    duration_max DOUBLE,
    started BIGINT,
    lateness_mean DOUBLE,
    lateness_m2 DOUBLE,
    lateness_max DOUBLE
);

-- Where the row of an execution stands, by a number made of its id: numbers are scanned far faster.
CREATE TABLE places (
    id_hash UBIGINT,
    raft_index BIGINT,
    raft_pos INTEGER
);

-- What began, by quarter of an hour since 1970, UTC.
CREATE TABLE load_quarters (
    quarter BIGINT,
    runs BIGINT,
    failed BIGINT,
    skipped BIGINT
);

-- How long it took and how late it was, by hour since 1970, UTC: how many values lie in each bucket.
-- A bucket is a quarter of a doubling: of x milliseconds, floor(4 * log2(x)).
CREATE TABLE load_hours (
    hour BIGINT,
    bucket INTEGER,
    durations BIGINT,
    latenesses BIGINT
);
