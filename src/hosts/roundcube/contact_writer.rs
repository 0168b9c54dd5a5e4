//! Writing the contacts of the personal address book.
//!
//! The stored vCard is patched, so that nothing in it is lost. The columns beside it, which
//! Roundcube's lists and its search use, are made by Roundcube's own code:
//!
//! - `contact_columns`, of the contact's key or 0, and the vCard: asks the webmail's plugins
//!   and returns the columns as a JSON object, or null when a plugin refuses.
//! - `contact_inserted`: the key of the row that was inserted last.
//! - `contact_may_be_deleted`, of its key: null when a plugin refuses.

use super::address_books;
use super::cards::{self, CardRecord};
use super::dates::now;
use super::dialect::ROUNDCUBE;
use super::personal::{Contacts, LETTER};
use super::rows::Keys;
use super::settings::Source;
use super::uids;
use crate::convert::vcard::{self, HostMembers};
use crate::data_types::contacts::is_only_in;
use crate::data_types::group_cards::{is_group, kind_cannot_change};
use crate::db::{Kind, Param};
use crate::json;
use crate::store::{Blobs, Id, Object, Record, Selection, StoreError};
use serde::Deserialize;
use std::cell::Cell;

/// What the columns of names take; the vCard holds all of a longer one.
pub const MAX_NAME_CHARACTERS: usize = 128;

/// Where contacts can be written.
const BOOK: &str = address_books::id(Source::Personal);

pub const REFUSED: StoreError = StoreError::Forbidden("a plugin of the webmail refuses it");

/// A contact as it is stored.
struct Stored {
    record: Object,
    vcard: Vec<u8>,
    /// The row has no vCard; this one was made of its columns.
    is_made: bool,
    uid: String,
    is_uid_taken: bool,
}

/// The columns beside a vCard.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Columns {
    name: String,
    email: String,
    firstname: String,
    surname: String,
    words: String,
}

impl Columns {
    /// In the order in which both statements name them.
    fn params(&self) -> [Param<'_>; 5] {
        let Self {
            name,
            email,
            firstname,
            surname,
            words,
        } = self;
        [name, email, firstname, surname, words].map(|column| Param::Text(column))
    }
}

impl Contacts<'_> {
    pub fn create(&self, object: &Object, blobs: Blobs<'_>) -> Result<Id, StoreError> {
        if !is_only_in(object, BOOK) {
            return Err(StoreError::Forbidden("the address book is read-only"));
        }
        let uid = uids::random()?;
        let host = members(&uid, false, &|media| media.to_owned());
        let vcard = patched(&[], &host, object, blobs)?;
        let columns = self.columns(0, &vcard)?;
        let tables = &self.tables;
        let sql = format!(
            "INSERT INTO {} (user_id, changed, del, vcard, name, email, firstname, surname, words) \
             VALUES (?, {}, 0, ?, ?, ?, ?, ?, ?)",
            tables.settings.tables.contacts,
            now(tables.database.kind()),
        );
        let params = [
            &[tables.user(), Param::Octets(&vcard)][..],
            &columns.params(),
        ]
        .concat();
        tables.database.execute(&sql, &params)?;
        let key = tables.database.call("contact_inserted", &[])?;
        let key = key.and_then(|key| String::from_utf8(key).ok());
        key.and_then(|key| Id::new(format!("{LETTER}{key}")))
            .ok_or_else(|| StoreError::Backend("the new contact has no key".into()))
    }

    /// # Errors
    /// `Conflict` when the contact is no longer `before`.
    pub fn update(
        &self,
        key: i64,
        before: &Object,
        after: &Object,
        blobs: Blobs<'_>,
    ) -> Result<(), StoreError> {
        let stored = self.stored(key)?.ok_or(StoreError::NotFound)?;
        if stored.record != *before {
            return Err(StoreError::Conflict);
        }
        if !is_only_in(after, BOOK) {
            return Err(StoreError::Forbidden(
                "a contact cannot be moved to another address book",
            ));
        }
        if is_group(after) {
            return Err(kind_cannot_change());
        }
        let blob_id = |media: &str| cards::blob_id(key, media);
        let host = members(&stored.uid, stored.is_uid_taken, &blob_id);
        let vcard = patched(&stored.vcard, &host, after, blobs)?;
        if vcard == stored.vcard {
            return Ok(());
        }
        let columns = self.columns(key, &vcard)?;
        let tables = &self.tables;
        let kind = tables.database.kind();
        let is_unchanged = match (stored.is_made, kind) {
            (true, _) => "(vcard IS NULL OR vcard = '')",
            // A collation would take other cards for equal.
            (false, Kind::Mysql) => "CAST(vcard AS BINARY) = CAST(? AS BINARY)",
            (false, Kind::Sqlite | Kind::Postgres) => "vcard = ?",
        };
        let sql = format!(
            "UPDATE {} SET changed = {}, vcard = ?, name = ?, email = ?, firstname = ?, \
             surname = ?, words = ? \
             WHERE contact_id = ? AND user_id = ? AND del = 0 AND {is_unchanged}",
            tables.settings.tables.contacts,
            now(kind),
        );
        let mut params = vec![Param::Octets(&vcard)];
        params.extend(columns.params());
        params.extend([Param::Integer(key), tables.user()]);
        if !stored.is_made {
            params.push(Param::Octets(&stored.vcard));
        }
        match tables.database.execute(&sql, &params)? {
            0 => Err(StoreError::Conflict),
            _ => Ok(()),
        }
    }

    /// Flags a contact as deleted, as Roundcube does; its memberships stay, as they do there.
    pub fn destroy(&self, key: i64) -> Result<(), StoreError> {
        let tables = &self.tables;
        if !self.has(key)? {
            return Err(StoreError::NotFound);
        }
        let may = tables
            .database
            .call("contact_may_be_deleted", &[Param::Integer(key)])?;
        if may.is_none() {
            return Err(REFUSED);
        }
        let sql = format!(
            "UPDATE {} SET del = 1, changed = {} \
             WHERE contact_id = ? AND user_id = ? AND del = 0",
            tables.settings.tables.contacts,
            now(tables.database.kind()),
        );
        let params = [Param::Integer(key), tables.user()];
        match tables.database.execute(&sql, &params)? {
            0 => Err(StoreError::NotFound),
            _ => {
                self.forget();
                Ok(())
            }
        }
    }

    fn has(&self, key: i64) -> Result<bool, StoreError> {
        let mut is_there = false;
        self.cards(&Keys::Of(vec![key]), &Selection::of(["id"]), &mut |_| {
            is_there = true;
            Ok(())
        })?;
        Ok(is_there)
    }

    fn stored(&self, key: i64) -> Result<Option<Stored>, StoreError> {
        let mut stored = None;
        let keys = Keys::Of(vec![key]);
        self.cards(&keys, &Selection::ALL, &mut |card: &CardRecord<'_>| {
            let mut text = json::Writer::new();
            card.emit(&Selection::ALL, &mut text);
            let record = serde_json::from_slice(text.as_bytes());
            stored = Some(Stored {
                record: record.map_err(|error| StoreError::Backend(error.into()))?,
                vcard: card.vcard.to_vec(),
                is_made: card.is_made,
                uid: card.uid.to_owned(),
                // A card without any UID gets the derived one at its first write.
                is_uid_taken: card.is_uid_taken && cards::parse(card.vcard).uid().is_some(),
            });
            Ok(())
        })?;
        Ok(stored)
    }

    /// What Roundcube stores beside this card.
    fn columns(&self, key: i64, vcard: &[u8]) -> Result<Columns, StoreError> {
        let params = [Param::Integer(key), Param::Octets(vcard)];
        let columns = self.tables.database.call("contact_columns", &params)?;
        let columns = columns.ok_or(REFUSED)?;
        let mut columns: Columns =
            serde_json::from_slice(&columns).map_err(|error| StoreError::Backend(error.into()))?;
        for name in [
            &mut columns.name,
            &mut columns.firstname,
            &mut columns.surname,
        ] {
            if let Some((end, _)) = name.char_indices().nth(MAX_NAME_CHARACTERS) {
                name.truncate(end);
            }
        }
        Ok(columns)
    }
}

/// What the card does not say itself; its id is not written.
fn members<'a>(
    uid: &'a str,
    is_uid_taken: bool,
    blob_id: &'a dyn Fn(&str) -> String,
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
fn patched(
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
