//! Writing the contact groups of the personal address book.
//!
//! Their rows are written by Roundcube's own code, which also asks its plugins:
//!
//! - `group_save`, of the group's key or 0, its new name or nothing, and the keys of the
//!   contacts to add and to remove: stores it within a transaction, and returns the key; null
//!   when a plugin refuses.
//! - `group_delete`, of its key: `1` when there was one, otherwise `0`; null when a plugin
//!   refuses.

use super::address_books;
use super::cards;
use super::carried;
use super::contact_writer::{self, MAX_NAME_CHARACTERS, REFUSED};
use super::dates::now;
use super::groups::{Groups, LETTER};
use super::personal::Contacts;
use super::rows::{Keys, Query, parse_key, row_key};
use super::uids;
use crate::data_types::contacts::uid_of;
use crate::data_types::group_cards::{
    GroupContent, is_group, is_name_and_members, kind_cannot_change, name_is_too_long, unfit_uid,
    with_members,
};
use crate::db::Param;
use crate::hosts::carried::Entry;
use crate::json;
use crate::store::{Blobs, Id, Object, Selection, StoreError, Update};
use std::collections::BTreeSet;

/// Finds the contact of the personal address book that has a uid.
pub type ContactOf<'a> = &'a dyn Fn(&str) -> Result<Option<i64>, StoreError>;

/// What comes of a new group.
pub struct Created {
    pub id: Id,
    /// `None` where it is derived from the key.
    pub uid: Option<String>,
}

impl Groups<'_> {
    pub fn create(
        &self,
        card: &Object,
        blobs: Blobs<'_>,
        contact_of: ContactOf<'_>,
    ) -> Result<Created, StoreError> {
        address_books::check_book(&self.tables.settings, card)?;
        let content = GroupContent::of(card)?;
        let (members, others) = split(&content.members, contact_of)?;
        let is_plain = uid_of(card).is_none() && others.is_empty() && is_name_and_members(card);
        let entry = match is_plain && !self.carried.is_there()? {
            true => None,
            false => Some(self.entry(None, 0, card, &others, blobs)?),
        };
        let key = self.tables.atomically(|| {
            let key = self.save(0, &content.name, &members, &BTreeSet::new())?;
            if let Some(entry) = &entry {
                let entry = self.mirroring(key, entry)?;
                self.carried.replace(key, None, Some(&entry))?;
            }
            Ok(key)
        })?;
        let id = Id::new(format!("{LETTER}{key}"))
            .ok_or_else(|| StoreError::Backend("the new group has no id".into()))?;
        let uid = entry.map(|entry| entry.uid);
        Ok(Created { id, uid })
    }

    /// Writes the name if it is another, those members who come or go, and what is carried.
    ///
    /// # Errors
    /// `Conflict` when the group is no longer `before`.
    pub fn update(
        &self,
        key: i64,
        update: &Update<'_>,
        contacts: &Contacts<'_>,
        blobs: Blobs<'_>,
        contact_of: ContactOf<'_>,
    ) -> Result<(), StoreError> {
        let Update { before, after, .. } = *update;
        let stored = self.carried.entry(key)?;
        let group = self.group(key)?.ok_or(StoreError::NotFound)?;
        if self.object(key, contacts)?.as_ref() != Some(before) {
            return Err(StoreError::Conflict);
        }
        address_books::check_book(&self.tables.settings, after)?;
        if !is_group(after) {
            return Err(kind_cannot_change());
        }
        let (was, will_be) = (GroupContent::of(before)?, GroupContent::of(after)?);
        let (wanted, others) = split(&will_be.members, contact_of)?;
        let gone = was.members.difference(&will_be.members).cloned().collect();
        let (gone, _) = split(&gone, contact_of)?;
        let present = self.member_keys(key)?;
        let added = &wanted - &present;
        let removed = &gone & &present;
        let name = match will_be.name == was.name {
            true => "",
            false => &will_be.name,
        };
        let is_plain = stored.is_none() && others.is_empty() && is_name_and_members(after);
        let entry = match is_plain && !self.carried.is_there()? {
            true => None,
            false => Some(self.entry(stored.as_ref(), key, after, &others, blobs)?),
        };
        self.tables.atomically(|| {
            if !name.is_empty() || !added.is_empty() || !removed.is_empty() {
                self.save(key, name, &added, &removed)?;
            }
            let Some(entry) = &entry else {
                return Ok(());
            };
            let entry = match name {
                "" => Entry {
                    mirror: group.name.clone(),
                    ..entry.clone()
                },
                _ => self.mirroring(key, entry)?,
            };
            if stored.as_ref().is_some_and(|stored| stored.entry == entry) {
                return Ok(());
            }
            self.carried.replace(key, stored.as_ref(), Some(&entry))?;
            self.touch(key)
        })
    }

    pub fn destroy(&self, key: i64) -> Result<(), StoreError> {
        let deleted = self
            .tables
            .database
            .call("group_delete", &[Param::Integer(key)])?;
        match deleted.as_deref() {
            None => Err(REFUSED),
            Some(b"1") => Ok(()),
            Some(_) => Err(StoreError::NotFound),
        }
    }

    /// The group as a whole card.
    fn object(&self, key: i64, contacts: &Contacts<'_>) -> Result<Option<Object>, StoreError> {
        let mut found = None;
        let keys = Keys::Of(vec![key]);
        self.read(&keys, &Selection::ALL, contacts, &mut |card| {
            let mut text = json::Writer::new();
            card.emit(&Selection::ALL, &mut text);
            let object = serde_json::from_slice(text.as_bytes());
            found = Some(object.map_err(|error| StoreError::Backend(error.into()))?);
            Ok(())
        })?;
        Ok(found)
    }

    /// What is to be carried of a card: all but those members who are contacts. What it
    /// mirrors is known when the row is written.
    fn entry(
        &self,
        stored: Option<&carried::Stored>,
        key: i64,
        card: &Object,
        others: &BTreeSet<String>,
        blobs: Blobs<'_>,
    ) -> Result<Entry, StoreError> {
        self.carried.require()?;
        let uid = match uid_of(card) {
            Some(uid) if (1..=uids::MAX_UID_OCTETS).contains(&uid.len()) => uid.to_owned(),
            Some(_) => return Err(unfit_uid()),
            None => uids::random()?,
        };
        let blob_id =
            |media: &str, digest: u64| cards::blob_id(cards::OF_GROUP, key, media, digest);
        let host = contact_writer::members(&uid, false, &blob_id);
        let vcard = stored.map_or(&[][..], |stored| stored.entry.data.as_bytes());
        let vcard = contact_writer::patched(vcard, &host, &with_members(card, others), blobs)?;
        let data = String::from_utf8(vcard).map_err(|error| StoreError::Backend(error.into()))?;
        Ok(Entry {
            uid,
            mirror: String::new(),
            data,
        })
    }

    /// The entry with the name that Roundcube has given the group: it tells two of the same
    /// name apart.
    fn mirroring(&self, key: i64, entry: &Entry) -> Result<Entry, StoreError> {
        let group = self.group(key)?.ok_or(StoreError::NotFound)?;
        Ok(Entry {
            mirror: group.name,
            ..entry.clone()
        })
    }

    /// Dates the row, as Roundcube does when it writes the name.
    fn touch(&self, key: i64) -> Result<(), StoreError> {
        let sql = format!(
            "UPDATE {} SET changed = {} WHERE contactgroup_id = ? AND user_id = ? AND del = 0",
            self.tables.settings.tables.contactgroups,
            now(self.tables.database.kind()),
        );
        let params = [Param::Integer(key), self.tables.user()];
        self.tables.database.execute(&sql, &params)?;
        Ok(())
    }

    /// The keys of the contacts in a group, also of deleted ones.
    fn member_keys(&self, key: i64) -> Result<BTreeSet<i64>, StoreError> {
        let names = &self.tables.settings.tables;
        let query = Query {
            select: &format!(
                "SELECT m.contact_id FROM {} m JOIN {} g ON g.contactgroup_id = m.contactgroup_id \
                 WHERE g.user_id = ? AND m.contactgroup_id = ?",
                names.contactgroupmembers, names.contactgroups
            ),
            params: &[self.tables.user(), Param::Integer(key)],
            key: &["m.contact_id"],
        };
        let mut keys = BTreeSet::new();
        self.tables.walk(query, &mut |row| {
            keys.insert(row_key(row, 0)?);
            Ok(())
        })?;
        Ok(keys)
    }

    /// Has Roundcube write the row and the memberships; part of the caller's transaction.
    pub fn save(
        &self,
        key: i64,
        name: &str,
        add: &BTreeSet<i64>,
        remove: &BTreeSet<i64>,
    ) -> Result<i64, StoreError> {
        if name.chars().count() > MAX_NAME_CHARACTERS {
            return Err(name_is_too_long());
        }
        let params = [
            Param::Integer(key),
            Param::Text(name),
            Param::Text(&list(add)),
            Param::Text(&list(remove)),
        ];
        let saved = self.tables.database.call("group_save", &params)?;
        let saved = saved.ok_or(REFUSED)?;
        parse_key(&String::from_utf8_lossy(&saved))
            .ok_or_else(|| StoreError::Backend("the group has no key".into()))
    }
}

/// The keys of those who are contacts, and the uids of the others.
fn split(
    uids: &BTreeSet<String>,
    contact_of: ContactOf<'_>,
) -> Result<(BTreeSet<i64>, BTreeSet<String>), StoreError> {
    let (mut contacts, mut others) = (BTreeSet::new(), BTreeSet::new());
    for uid in uids {
        match contact_of(uid)? {
            Some(key) => {
                contacts.insert(key);
            }
            None => {
                others.insert(uid.clone());
            }
        }
    }
    Ok((contacts, others))
}

/// Separated by commas.
fn list(keys: &BTreeSet<i64>) -> String {
    let keys: Vec<String> = keys.iter().map(i64::to_string).collect();
    keys.join(",")
}
