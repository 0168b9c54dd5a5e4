-- Columns named *_secs are Unix seconds; `account` is the instance and the account's id.
-- ../mysql/schema.sql holds the same tables in the other dialect.

-- One row for each account and data type whose changes somebody has asked for.
CREATE TABLE openxport_journal (
    account TEXT NOT NULL,
    data_type TEXT NOT NULL,
    epoch TEXT NOT NULL,
    counter INTEGER NOT NULL,
    fingerprint BLOB NOT NULL, -- 16 octets, big-endian
    count INTEGER NOT NULL,
    verified_secs INTEGER NOT NULL,
    learnt BLOB NOT NULL,
    PRIMARY KEY (account, data_type)
) WITHOUT ROWID;
CREATE INDEX openxport_journal_by_age ON openxport_journal (verified_secs);

-- Apart from the heads, because it is large and a head is rewritten without it; in pieces,
-- because a server takes no packet of any size.
CREATE TABLE openxport_journal_body (
    account TEXT NOT NULL,
    data_type TEXT NOT NULL,
    number INTEGER NOT NULL, -- from 0
    octets BLOB NOT NULL,
    PRIMARY KEY (account, data_type, number)
);

-- What clients have uploaded, also while it still arrives.
CREATE TABLE openxport_uploads (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    content TEXT NOT NULL, -- shared with the copies: the id of the upload it came with
    media_type TEXT NOT NULL,
    size_octets INTEGER NOT NULL,
    stored_secs INTEGER NOT NULL, -- when the last piece came
    complete INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX openxport_uploads_by_age ON openxport_uploads (account, stored_secs);
CREATE INDEX openxport_uploads_by_expiry ON openxport_uploads (stored_secs);
CREATE INDEX openxport_uploads_by_content ON openxport_uploads (content);

CREATE TABLE openxport_pieces (
    content TEXT NOT NULL,
    number INTEGER NOT NULL, -- from 0; all pieces but the last are of one size
    octets BLOB NOT NULL,
    PRIMARY KEY (content, number)
);

-- What is kept here only: the key that the installation's rows below are keyed with.
CREATE TABLE openxport_secrets (
    instance TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- What became of credentials that somebody sent.
CREATE TABLE openxport_logins (
    credentials BLOB NOT NULL PRIMARY KEY, -- a keyed hash
    outcome TEXT NOT NULL, -- underway, accepted or refused
    user TEXT NOT NULL, -- of an accepted login; otherwise empty
    expires_secs INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX openxport_logins_by_expiry ON openxport_logins (expires_secs);

-- Failed logins of a name or from an address. The count shrinks evenly as time goes by.
CREATE TABLE openxport_failures (
    subject BLOB NOT NULL PRIMARY KEY, -- a keyed hash
    failure_secs INTEGER NOT NULL, -- failures times the window's length, at counted_secs
    counted_secs INTEGER NOT NULL,
    expires_secs INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX openxport_failures_by_expiry ON openxport_failures (expires_secs);

-- Requests under way.
CREATE TABLE openxport_leases (
    id INTEGER PRIMARY KEY, -- random
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    expires_secs INTEGER NOT NULL
);
CREATE INDEX openxport_leases_by_account ON openxport_leases (account, kind);
CREATE INDEX openxport_leases_by_expiry ON openxport_leases (expires_secs);

-- One row: when expired rows were last removed.
CREATE TABLE openxport_purges (last_secs INTEGER NOT NULL);
INSERT INTO openxport_purges (last_secs) VALUES (0);
