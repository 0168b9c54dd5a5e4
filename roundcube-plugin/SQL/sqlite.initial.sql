-- What Roundcube's own columns cannot hold of groups and identities.

CREATE TABLE jmap_carried (
  carried_id integer NOT NULL PRIMARY KEY,
  user_id integer NOT NULL
    REFERENCES users (user_id) ON DELETE CASCADE ON UPDATE CASCADE,
  contactgroup_id integer
    REFERENCES contactgroups (contactgroup_id) ON DELETE CASCADE ON UPDATE CASCADE,
  identity_id integer
    REFERENCES identities (identity_id) ON DELETE CASCADE ON UPDATE CASCADE,
  uid varchar(255) NOT NULL,
  digest varchar(32) NOT NULL,
  mirror text NOT NULL,
  data text NOT NULL
);

CREATE INDEX ix_jmap_carried_user_groups ON jmap_carried (user_id, contactgroup_id);
CREATE INDEX ix_jmap_carried_user_identities ON jmap_carried (user_id, identity_id);
CREATE UNIQUE INDEX ix_jmap_carried_contactgroup_id ON jmap_carried (contactgroup_id);
CREATE UNIQUE INDEX ix_jmap_carried_identity_id ON jmap_carried (identity_id);

INSERT INTO system (name, value) VALUES ('jmap-version', '2026112800');
