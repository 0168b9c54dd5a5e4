-- The tables of ../sqlite/schema.sql, which says what they hold. All text is octets, so that
-- no character set or collation of the server matters.

CREATE TABLE openxport_journal (
    account VARBINARY(300) NOT NULL,
    data_type VARBINARY(64) NOT NULL,
    epoch VARBINARY(32) NOT NULL,
    counter BIGINT NOT NULL,
    fingerprint BINARY(16) NOT NULL,
    count BIGINT NOT NULL,
    verified_secs BIGINT NOT NULL,
    learnt LONGBLOB NOT NULL,
    PRIMARY KEY (account, data_type),
    KEY by_age (verified_secs)
) ENGINE = InnoDB;

CREATE TABLE openxport_journal_body (
    account VARBINARY(300) NOT NULL,
    data_type VARBINARY(64) NOT NULL,
    number BIGINT NOT NULL,
    octets MEDIUMBLOB NOT NULL,
    PRIMARY KEY (account, data_type, number)
) ENGINE = InnoDB;

CREATE TABLE openxport_uploads (
    id VARBINARY(64) NOT NULL PRIMARY KEY,
    account VARBINARY(300) NOT NULL,
    content VARBINARY(64) NOT NULL,
    media_type BLOB NOT NULL,
    size_octets BIGINT NOT NULL,
    stored_secs BIGINT NOT NULL,
    complete TINYINT NOT NULL,
    KEY by_age (account, stored_secs),
    KEY by_expiry (stored_secs),
    KEY by_content (content)
) ENGINE = InnoDB;

CREATE TABLE openxport_pieces (
    content VARBINARY(64) NOT NULL,
    number BIGINT NOT NULL,
    octets MEDIUMBLOB NOT NULL,
    PRIMARY KEY (content, number)
) ENGINE = InnoDB;

CREATE TABLE openxport_secrets (
    instance VARBINARY(64) NOT NULL PRIMARY KEY,
    value BINARY(64) NOT NULL
) ENGINE = InnoDB;

CREATE TABLE openxport_logins (
    credentials BINARY(32) NOT NULL PRIMARY KEY,
    outcome VARBINARY(16) NOT NULL,
    user BLOB NOT NULL,
    expires_secs BIGINT NOT NULL,
    KEY by_expiry (expires_secs)
) ENGINE = InnoDB;

CREATE TABLE openxport_failures (
    subject BINARY(32) NOT NULL PRIMARY KEY,
    failure_secs BIGINT NOT NULL,
    counted_secs BIGINT NOT NULL,
    expires_secs BIGINT NOT NULL,
    KEY by_expiry (expires_secs)
) ENGINE = InnoDB;

CREATE TABLE openxport_leases (
    id BIGINT NOT NULL PRIMARY KEY,
    account VARBINARY(300) NOT NULL,
    kind VARBINARY(64) NOT NULL,
    expires_secs BIGINT NOT NULL,
    KEY by_account (account, kind),
    KEY by_expiry (expires_secs)
) ENGINE = InnoDB;

CREATE TABLE openxport_purges (last_secs BIGINT NOT NULL) ENGINE = InnoDB;
INSERT INTO openxport_purges (last_secs) VALUES (0);

-- Whoever writes holds the row of his turn until he commits.
CREATE TABLE openxport_turns (
    turn BIGINT NOT NULL PRIMARY KEY,
    taken BIGINT NOT NULL
) ENGINE = InnoDB;

-- Filled last, with one row: whatever is above is whole and of this version.
CREATE TABLE openxport_schema (
    version BIGINT NOT NULL,
    identity BIGINT NOT NULL -- random, made with the tables
) ENGINE = InnoDB;
