-- Columns named *_secs are Unix seconds.

-- One row for each account and data type whose changes somebody has asked for.
CREATE TABLE journal (
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
CREATE INDEX journal_by_age ON journal (verified_secs);

-- Apart from the heads, because it is large and a head is rewritten without it.
CREATE TABLE journal_body (
    account TEXT NOT NULL,
    data_type TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (account, data_type)
);

-- What clients have uploaded, also while it still arrives.
CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    content TEXT NOT NULL, -- shared with the copies: the id of the upload it came with
    media_type TEXT NOT NULL,
    size_octets INTEGER NOT NULL,
    stored_secs INTEGER NOT NULL, -- when the last piece came
    complete INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX uploads_by_age ON uploads (account, stored_secs);
CREATE INDEX uploads_by_expiry ON uploads (stored_secs);
CREATE INDEX uploads_by_content ON uploads (content);

CREATE TABLE pieces (
    content TEXT NOT NULL,
    number INTEGER NOT NULL, -- from 0; all pieces but the last are of one size
    octets BLOB NOT NULL,
    PRIMARY KEY (content, number)
);

-- What is kept in this file only: the key that the tables below are keyed with.
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- What became of credentials that somebody sent.
CREATE TABLE logins (
    credentials BLOB NOT NULL PRIMARY KEY, -- a keyed hash
    outcome TEXT NOT NULL CHECK (outcome IN ('underway', 'accepted', 'refused')),
    user TEXT, -- of an accepted login
    expires_secs INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX logins_by_expiry ON logins (expires_secs);

-- Failed logins of a name or from an address. The count shrinks evenly as time goes by.
CREATE TABLE failures (
    subject BLOB NOT NULL PRIMARY KEY, -- a keyed hash
    failure_secs INTEGER NOT NULL, -- failures times the window's length, at counted_secs
    counted_secs INTEGER NOT NULL,
    expires_secs INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX failures_by_expiry ON failures (expires_secs);

-- Requests under way.
CREATE TABLE leases (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    expires_secs INTEGER NOT NULL
);
CREATE INDEX leases_by_account ON leases (account, kind);
CREATE INDEX leases_by_expiry ON leases (expires_secs);

-- One row: when expired rows were last removed.
CREATE TABLE purges (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    last_secs INTEGER NOT NULL
);
INSERT INTO purges (only, last_secs) VALUES (1, 0);
