//! What Roundcube's columns cannot hold, in a table of the plugin's own (`SQL/` in its folder).
//!
//! A foreign key ties an entry to its row. Roundcube flags what is deleted and purges it later,
//! and the entry goes when the row does: a key that is used again inherits nothing, and no
//! entry is left that would look for its row. Row and entry are written in one transaction.
//!
//! Where the administrator has not made the table, nothing is carried: what can be read and
//! written without is, and the rest is refused. [`crate::db::Database::call`] must be able to
//! say in `has_table` whether there is a table of this name: `1`, or null.

use super::rows::{Keys, Query, Tables, row_key};
use crate::db::Param;
use crate::hosts::carried::Entry;
use crate::store::StoreError;
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

const TABLE: &str = "jmap_carried";

/// The entries of one user for the rows of one table.
pub struct Carried<'a> {
    tables: Rc<Tables<'a>>,
    /// The column that names the row.
    key: &'static str,
    /// The table was looked for, and is not there.
    is_missing: Cell<bool>,
}

/// An entry as it is stored.
pub struct Stored {
    /// Without its data, where these were not asked for.
    pub entry: Entry,
    pub digest: String,
}

/// What tells one entry from another, and from none.
pub fn digest_of(carried: Option<&Stored>) -> &[u8] {
    carried.map_or(&[], |carried| carried.digest.as_bytes())
}

impl<'a> Carried<'a> {
    pub fn new(tables: Rc<Tables<'a>>, key: &'static str) -> Self {
        let is_missing = tables.settings.tables.jmap_carried.is_empty();
        Self {
            tables,
            key,
            is_missing: Cell::new(is_missing),
        }
    }

    /// The entries of the rows with these keys.
    pub fn entries(
        &self,
        keys: &Keys,
        with_data: bool,
    ) -> Result<HashMap<i64, Stored>, StoreError> {
        let mut entries = HashMap::new();
        if self.is_missing.get() {
            return Ok(entries);
        }
        let data = if with_data { "data" } else { "''" };
        let query = Query {
            select: &format!(
                "SELECT {}, uid, digest, mirror, {data} FROM {} WHERE user_id = ?",
                self.key, self.tables.settings.tables.jmap_carried
            ),
            params: &[self.tables.user()],
            key: &[self.key],
        };
        let read = self.tables.read(query, keys, &mut |row| {
            let text = |column| row.cell(column).text().into_owned();
            let entry = Entry {
                uid: text(1),
                mirror: text(3),
                data: text(4),
            };
            let digest = text(2);
            entries.insert(row_key(row, 0)?, Stored { entry, digest });
            Ok(())
        });
        self.or_nothing(read)?;
        Ok(entries)
    }

    pub fn entry(&self, key: i64) -> Result<Option<Stored>, StoreError> {
        let mut entries = self.entries(&Keys::Of(vec![key]), true)?;
        Ok(entries.remove(&key))
    }

    /// The uids of those rows of a table that are not deleted.
    pub fn uids(&self, table: &str) -> Result<Vec<String>, StoreError> {
        let mut uids = Vec::new();
        if self.is_missing.get() {
            return Ok(uids);
        }
        let (key, carried) = (self.key, &self.tables.settings.tables.jmap_carried);
        let query = Query {
            select: &format!(
                "SELECT j.{key}, j.uid FROM {carried} j JOIN {table} t ON t.{key} = j.{key} \
                 WHERE j.user_id = ? AND t.del = 0"
            ),
            params: &[self.tables.user()],
            key: &[&format!("j.{key}")],
        };
        let read = self.tables.walk(query, &mut |row| {
            uids.push(row.cell(1).text().into_owned());
            Ok(())
        });
        self.or_nothing(read)?;
        Ok(uids)
    }

    /// Reading where there is no table finds nothing.
    fn or_nothing(&self, read: Result<(), StoreError>) -> Result<(), StoreError> {
        match read {
            Err(StoreError::Backend(_)) if !self.is_there()? => Ok(()),
            read => read,
        }
    }

    /// Whether anything can be carried.
    pub fn is_there(&self) -> Result<bool, StoreError> {
        if !self.is_missing.get() {
            let found = self
                .tables
                .database
                .call("has_table", &[Param::Text(TABLE)])?;
            self.is_missing.set(found.is_none());
        }
        Ok(!self.is_missing.get())
    }

    /// # Errors
    /// `Unavailable` where nothing can be carried; the log then says what to do.
    pub fn require(&self) -> Result<(), StoreError> {
        match self.is_there()? {
            true => Ok(()),
            false => Err(StoreError::Unavailable(
                "the table jmap_carried is missing: run Roundcube's bin/updatedb.sh \
                 --package=jmap --dir=plugins/jmap/SQL"
                    .into(),
            )),
        }
    }

    /// Puts `after` in the place of `before`; part of the caller's transaction.
    ///
    /// # Errors
    /// `Conflict` when what is stored is no longer `before`.
    pub fn replace(
        &self,
        key: i64,
        before: Option<&Stored>,
        after: Option<&Entry>,
    ) -> Result<(), StoreError> {
        let table = &self.tables.settings.tables.jmap_carried;
        let digest = after.map(Entry::digest).unwrap_or_default();
        let mut params = Vec::new();
        if let Some(Entry { uid, mirror, data }) = after {
            params.extend([uid, mirror, data, &digest].map(|text| Param::Text(text)));
        }
        params.extend([self.tables.user(), Param::Integer(key)]);
        let sql = match (before, after) {
            (None, None) => return Ok(()),
            (None, Some(_)) => format!(
                "INSERT INTO {table} (uid, mirror, data, digest, user_id, {}) \
                 VALUES (?, ?, ?, ?, ?, ?)",
                self.key
            ),
            (Some(before), after) => {
                params.push(Param::Text(&before.digest));
                let what = match after {
                    Some(_) if before.digest == digest => return Ok(()),
                    Some(_) => {
                        format!("UPDATE {table} SET uid = ?, mirror = ?, data = ?, digest = ?")
                    }
                    None => format!("DELETE FROM {table}"),
                };
                format!(
                    "{what} WHERE user_id = ? AND {} = ? AND digest = ?",
                    self.key
                )
            }
        };
        self.tables.check_size(&params)?;
        match self.tables.database.execute(&sql, &params)? {
            0 => Err(StoreError::Conflict),
            _ => Ok(()),
        }
    }
}
