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
    PRIMARY KEY (account, data_type)
) WITHOUT ROWID;

-- Apart from the heads, because it is large and a head is rewritten without it.
CREATE TABLE journal_body (
    account TEXT NOT NULL,
    data_type TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (account, data_type)
);
