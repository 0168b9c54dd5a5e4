//! Writing the contacts of the personal address book.
//!
//! The stored vCard is patched, so that nothing in it is lost. What Roundcube's own code does
//! besides, it does where it has to be asked:
//!
//! - `contact_columns`, of the contact's key or 0, and the vCard: asks the webmail's plugins
//!   and returns the columns beside it as a JSON object, or null when a plugin refuses.
//! - `contact_inserted`: the key of the row that was inserted last.
//! - `contact_may_be_deleted`, of its key: null when a plugin refuses.
//!
//! Many contacts are written in one transaction. All that may call Roundcube's plugins comes
//! before it, so that nothing of theirs is undone with it.

use super::address_books;
use super::cards::{self, CardRecord};
use super::columns::{self, Columns};
use super::dates::now;
use super::dialect::ROUNDCUBE;
use super::personal::{Contacts, LETTER};
use super::rows::Keys;
use super::settings::Source;
use super::uids;
use crate::convert::vcard::{self, HostMembers};
use crate::data_types::group_cards::{is_group, kind_cannot_change};
use crate::db::together::together;
use crate::db::{Database, DbError, Kind, Param};
use crate::json;
use crate::store::{Blobs, Id, Object, Record, Selection, StoreError, Update};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};

/// What the columns of names take; the vCard holds all of a longer one.
pub const MAX_NAME_CHARACTERS: usize = 128;

/// What a column of MySQL's type `text` takes.
const MAX_TEXT_OCTETS: usize = 65_535;

/// How many octets of cards are written at once, about; more wait for the next transaction.
const MAX_OCTETS_AT_ONCE: usize = 4 * 1024 * 1024;

/// Where contacts can be written.
const BOOK: &str = address_books::id(Source::Personal);

pub const REFUSED: StoreError = StoreError::Forbidden("a plugin of the webmail refuses it");

/// A row that is ready to be written.
struct Row {
    vcard: Vec<u8>,
    columns: Columns,
}

/// A row that takes the place of another.
struct ChangedRow {
    key: i64,
    row: Row,
    /// `None` where the row has had no vCard.
    before: Option<Vec<u8>>,
}

impl Row {
    /// In the order in which both statements name them.
    fn params(&self) -> [Param<'_>; 6] {
        let Columns {
            name,
            email,
            firstname,
            surname,
            words,
        } = &self.columns;
        let [name, email, firstname, surname, words] =
            [name, email, firstname, surname, words].map(|column| Param::Text(column));
        [
            Param::Octets(&self.vcard),
            name,
            email,
            firstname,
            surname,
            words,
        ]
    }
}

impl Contacts<'_> {
    pub fn create_all(&self, objects: &[&Object], blobs: Blobs<'_>) -> Vec<Result<Id, StoreError>> {
        let mut created = Vec::with_capacity(objects.len());
        let mut rows = Vec::new();
        let mut octets = 0;
        for object in objects {
            let row = self.new_row(object, blobs);
            octets += row.as_ref().map_or(0, |row| row.vcard.len());
            rows.push(row);
            if octets >= MAX_OCTETS_AT_ONCE {
                created.extend(self.insert(std::mem::take(&mut rows)));
                octets = 0;
            }
        }
        created.extend(self.insert(rows));
        created
    }

    fn new_row(&self, object: &Object, blobs: Blobs<'_>) -> Result<Row, StoreError> {
        address_books::check_book(&self.tables.settings, object)?;
        let uid = uids::random()?;
        let host = members(&uid, false, &|media, _| media.to_owned());
        let vcard = patched(&[], &host, object, blobs)?;
        let columns = self.columns(0, &vcard)?;
        let row = Row { vcard, columns };
        self.tables.check_size(&row.params())?;
        Ok(row)
    }

    fn insert(&self, rows: Vec<Result<Row, StoreError>>) -> Vec<Result<Id, StoreError>> {
        let tables = &self.tables;
        let database = &*tables.database;
        let sql = format!(
            "INSERT INTO {} (user_id, changed, del, vcard, name, email, firstname, surname, words) \
             VALUES (?, {}, 0, ?, ?, ?, ?, ?, ?)",
            tables.settings.tables.contacts,
            now(database.kind()),
        );
        let insert = |row: &Row| {
            let params = [&[tables.user()][..], &row.params()].concat();
            database.execute(&sql, &params)?;
            database.call("contact_inserted", &[])
        };
        let id_of = |key: Option<Vec<u8>>| {
            let key = key.and_then(|key| String::from_utf8(key).ok());
            key.and_then(|key| Id::new(format!("{LETTER}{key}")))
                .ok_or_else(|| StoreError::Backend("the new contact has no key".into()))
        };
        let inserted = write_together(database, rows, &insert);
        inserted.into_iter().map(|key| id_of(key?)).collect()
    }

    /// Replaces the contents of these contacts, of which each has its key here.
    ///
    /// # Errors
    /// `Conflict` when the contact is no longer what it is to have been before.
    pub fn update_all(
        &self,
        updates: &[(i64, Update<'_>)],
        blobs: Blobs<'_>,
    ) -> Vec<Result<(), StoreError>> {
        let by_key: HashMap<i64, &Update<'_>> =
            updates.iter().map(|(key, update)| (*key, update)).collect();
        let mut updated = HashMap::with_capacity(updates.len());
        let mut keys = Vec::new();
        let mut rows = Vec::new();
        let mut octets = 0;
        let wanted = Keys::Of(by_key.keys().copied().collect());
        let read = self.cards(&wanted, &Selection::ALL, &mut |card| {
            let Some(update) = by_key.get(&card.key) else {
                return Ok(());
            };
            let Some(row) = self.changed_row(card, update, blobs).transpose() else {
                updated.insert(card.key, Ok(()));
                return Ok(());
            };
            octets += row.as_ref().map_or(0, ChangedRow::octets);
            keys.push(card.key);
            rows.push(row);
            if octets >= MAX_OCTETS_AT_ONCE {
                updated.extend(keys.drain(..).zip(self.replace(std::mem::take(&mut rows))));
                octets = 0;
            }
            Ok(())
        });
        updated.extend(keys.into_iter().zip(self.replace(rows)));
        let missing = || match &read {
            Ok(()) => StoreError::NotFound,
            Err(error) => error.for_another(),
        };
        let outcome = |(key, _): &(i64, _)| updated.remove(key).unwrap_or_else(|| Err(missing()));
        updates.iter().map(outcome).collect()
    }

    /// `None` where the stored card says all of it already.
    fn changed_row(
        &self,
        card: &CardRecord<'_>,
        update: &Update<'_>,
        blobs: Blobs<'_>,
    ) -> Result<Option<ChangedRow>, StoreError> {
        let mut text = json::Writer::new();
        card.emit(&Selection::ALL, &mut text);
        let stored: Object = serde_json::from_slice(text.as_bytes())
            .map_err(|error| StoreError::Backend(error.into()))?;
        if stored != *update.before {
            return Err(StoreError::Conflict);
        }
        address_books::check_book(&self.tables.settings, update.after)?;
        if is_group(update.after) {
            return Err(kind_cannot_change());
        }
        // A card without any UID gets the derived one at its first write.
        let is_uid_taken = card.is_uid_taken && cards::parse(card.vcard).uid().is_some();
        let blob_id =
            |media: &str, digest: u64| cards::blob_id(cards::OF_CONTACT, card.key, media, digest);
        let host = members(card.uid, is_uid_taken, &blob_id);
        let vcard = patched(card.vcard, &host, update.after, blobs)?;
        if vcard == card.vcard {
            return Ok(None);
        }
        let columns = self.columns(card.key, &vcard)?;
        let changed = ChangedRow {
            key: card.key,
            row: Row { vcard, columns },
            before: (!card.is_made).then(|| card.vcard.to_vec()),
        };
        self.tables.check_size(&changed.params())?;
        Ok(Some(changed))
    }

    fn replace(&self, rows: Vec<Result<ChangedRow, StoreError>>) -> Vec<Result<(), StoreError>> {
        let tables = &self.tables;
        let database = &*tables.database;
        let kind = database.kind();
        let sql = |is_unchanged: &str| {
            format!(
                "UPDATE {} SET changed = {}, vcard = ?, name = ?, email = ?, firstname = ?, \
                 surname = ?, words = ? \
                 WHERE contact_id = ? AND user_id = ? AND del = 0 AND {is_unchanged}",
                tables.settings.tables.contacts,
                now(kind),
            )
        };
        let of_made = sql("(vcard IS NULL OR vcard = '')");
        let of_stored = sql(match kind {
            // A collation would take other cards for equal.
            Kind::Mysql => "CAST(vcard AS BINARY) = CAST(? AS BINARY)",
            Kind::Sqlite | Kind::Postgres => "vcard = ?",
        });
        let update = |changed: &ChangedRow| {
            let before = changed.before.as_deref();
            let mut params = changed.row.params().to_vec();
            params.extend([Param::Integer(changed.key), tables.user()]);
            params.extend(before.map(Param::Octets));
            let sql = before.map_or(&of_made, |_| &of_stored);
            database.execute(sql, &params)
        };
        let updated = write_together(database, rows, &update);
        let outcome = |count: Result<u64, StoreError>| match count? {
            0 => Err(StoreError::Conflict),
            _ => Ok(()),
        };
        updated.into_iter().map(outcome).collect()
    }

    /// Flags contacts as deleted, as Roundcube does; their memberships stay, as they do there.
    pub fn destroy_all(&self, keys: &[i64]) -> Vec<Result<(), StoreError>> {
        let tables = &self.tables;
        let database = &*tables.database;
        let there = self.keys_there(keys);
        let may_go = |key: &i64| match &there {
            Err(error) => Err(error.for_another()),
            Ok(there) if !there.contains(key) => Err(StoreError::NotFound),
            Ok(_) => self.may_be_deleted(*key).map(|()| *key),
        };
        let sql = format!(
            "UPDATE {} SET del = 1, changed = {} \
             WHERE contact_id = ? AND user_id = ? AND del = 0",
            tables.settings.tables.contacts,
            now(database.kind()),
        );
        let delete = |key: &i64| database.execute(&sql, &[Param::Integer(*key), tables.user()]);
        let deleted = write_together(database, keys.iter().map(may_go).collect(), &delete);
        self.forget();
        let outcome = |count: Result<u64, StoreError>| match count? {
            0 => Err(StoreError::NotFound),
            _ => Ok(()),
        };
        deleted.into_iter().map(outcome).collect()
    }

    fn may_be_deleted(&self, key: i64) -> Result<(), StoreError> {
        let database = &*self.tables.database;
        if !self.hooks.has(database, "contact_delete")? {
            return Ok(());
        }
        let may = database.call("contact_may_be_deleted", &[Param::Integer(key)])?;
        may.map(drop).ok_or(REFUSED)
    }

    fn keys_there(&self, keys: &[i64]) -> Result<HashSet<i64>, StoreError> {
        let mut there = HashSet::with_capacity(keys.len());
        let keys = Keys::Of(keys.to_vec());
        self.cards(&keys, &Selection::of(["id"]), &mut |card| {
            there.insert(card.key);
            Ok(())
        })?;
        Ok(there)
    }

    /// What Roundcube stores beside this card.
    fn columns(&self, key: i64, vcard: &[u8]) -> Result<Columns, StoreError> {
        let hook = match key {
            0 => "contact_create",
            _ => "contact_update",
        };
        let database = &*self.tables.database;
        let known = match self.hooks.has(database, hook)? {
            true => None,
            false => columns::of(vcard),
        };
        let mut columns = match known {
            Some(columns) => columns,
            None => {
                let params = [Param::Integer(key), Param::Octets(vcard)];
                let columns = database.call("contact_columns", &params)?.ok_or(REFUSED)?;
                serde_json::from_slice(&columns)
                    .map_err(|error| StoreError::Backend(error.into()))?
            }
        };
        for name in [
            &mut columns.name,
            &mut columns.firstname,
            &mut columns.surname,
        ] {
            if let Some((end, _)) = name.char_indices().nth(MAX_NAME_CHARACTERS) {
                name.truncate(end);
            }
        }
        if database.kind() == Kind::Mysql {
            for text in [&mut columns.email, &mut columns.words] {
                text.truncate(text.floor_char_boundary(MAX_TEXT_OCTETS));
            }
        }
        Ok(columns)
    }
}

impl ChangedRow {
    fn octets(&self) -> usize {
        self.row.vcard.len() + self.before.as_ref().map_or(0, Vec::len)
    }

    /// All that the statement brings to the database, but for the keys.
    fn params(&self) -> Vec<Param<'_>> {
        let before = self.before.as_deref().map(Param::Octets);
        self.row.params().into_iter().chain(before).collect()
    }
}

/// Writes those rows that are ready, in one transaction, and says of each what came of it.
fn write_together<R, T>(
    database: &dyn Database,
    rows: Vec<Result<R, StoreError>>,
    write: &dyn Fn(&R) -> Result<T, DbError>,
) -> Vec<Result<T, StoreError>> {
    let ready: Vec<&R> = rows.iter().flatten().collect();
    let mut written = together(database, &ready, &|row| write(row)).into_iter();
    let untold = || Err(DbError::Refused("a row was passed over".to_owned()));
    let outcome = |row: Result<R, StoreError>| {
        row?;
        Ok(written.next().unwrap_or_else(untold)?)
    };
    rows.into_iter().map(outcome).collect()
}

/// What the card does not say itself; its id is not written.
pub fn members<'a>(
    uid: &'a str,
    is_uid_taken: bool,
    blob_id: &'a dyn Fn(&str, u64) -> String,
) -> HostMembers<'a> {
    HostMembers {
        id: "",
        address_book_ids: &[BOOK],
        uid,
        is_uid_taken,
        // The column says it, so the card need not.
        updated: Some(""),
        created: None,
        blob_id,
    }
}

/// The card with what `after` says.
pub fn patched(
    stored: &[u8],
    host: &HostMembers<'_>,
    after: &Object,
    blobs: Blobs<'_>,
) -> Result<Vec<u8>, StoreError> {
    let failure = Cell::new(None);
    let find = |blob: &str| match Id::new(blob).map_or(Ok(None), |blob| blobs(&blob)) {
        Ok(contents) => contents,
        Err(error) => {
            failure.set(Some(error));
            None
        }
    };
    let written = vcard::patch(stored, &ROUNDCUBE, host, after, &find);
    match failure.take() {
        Some(error) => Err(error),
        None => Ok(written?),
    }
}
