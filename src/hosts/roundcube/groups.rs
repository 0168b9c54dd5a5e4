//! The contact groups of the personal address book, as cards of kind group.
//!
//! They are written by Roundcube's own code, which also asks its plugins:
//!
//! - `group_save`, of the group's key or 0, its new name or nothing, and the keys of the
//!   contacts to add and to remove: stores it within a transaction, and returns the key; null
//!   when a plugin refuses.
//! - `group_delete`, of its key: `1` when there was one, otherwise `0`; null when a plugin
//!   refuses.

use super::address_books;
use super::contact_writer::{MAX_NAME_CHARACTERS, REFUSED};
use super::dates::{changed_utc, write_utc_date};
use super::digest::Digest;
use super::evidence::{self, Traces};
use super::personal::{self, Contacts};
use super::rows::{Keys, Query, Tables, row_key, write_id};
use super::settings::Source;
use super::uids::{self, Uids};
use crate::data_types::contacts::is_only_in;
use crate::data_types::group_cards::{
    GroupCard, GroupContent, is_group, kind_cannot_change, name_is_too_long,
};
use crate::db::Param;
use crate::store::{Id, Object, Selection, StoreError, Version, Visit};
use std::rc::Rc;

pub const LETTER: char = 'g';

pub struct Groups<'a> {
    tables: Rc<Tables<'a>>,
    uids: Rc<Uids>,
}

/// A row of `contactgroups`.
struct Group {
    key: i64,
    /// As it is stored.
    changed: Vec<u8>,
    /// A UTCDate; empty where there is none.
    updated: String,
    name: String,
}

/// The uids of the members of one group, one behind the other in one text.
#[derive(Default)]
struct Members {
    text: String,
    ends: Vec<usize>,
}

impl Members {
    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    fn add(&mut self, uid: &str) {
        self.text.push_str(uid);
        self.ends.push(self.text.len());
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts
            .zip(&self.ends)
            .filter_map(|(start, end)| self.text.get(*start..*end))
    }
}

impl<'a> Groups<'a> {
    pub fn new(tables: Rc<Tables<'a>>, uids: Rc<Uids>) -> Self {
        Self { tables, uids }
    }

    /// Adds what the groups and their memberships look like and says how many groups there
    /// are. Adding and removing members leaves no trace in the group's row.
    pub fn add_evidence(&self, digest: &mut Digest) -> Result<u64, StoreError> {
        let groups = self.groups(&Keys::All)?;
        for group in &groups {
            digest.add_octets(&group.key.to_le_bytes());
            digest.add_octets(&group.changed);
            digest.add_octets(group.name.as_bytes());
        }
        let names = &self.tables.settings.tables;
        let traces = Traces {
            from: &format!(
                "{} m JOIN {} g ON g.contactgroup_id = m.contactgroup_id \
                 WHERE g.user_id = ? AND g.del = 0",
                names.contactgroupmembers, names.contactgroups
            ),
            params: &[self.tables.user()],
            key: &["m.contactgroup_id", "m.contact_id"],
            changed: "m.created",
        };
        evidence::add(digest, &self.tables, traces, &|digest, since| {
            let query = Query {
                select: &format!(
                    "SELECT m.contactgroup_id, m.contact_id, m.created FROM {} AND m.created >= ?",
                    traces.from
                ),
                params: &[self.tables.user(), Param::Text(since)],
                key: traces.key,
            };
            self.tables.walk(query, &mut |row| {
                digest.add_cells(row, 0..3);
                Ok(())
            })
        })?;
        Ok(groups.len() as u64)
    }

    pub fn versions(
        &self,
        contacts: &Contacts<'_>,
        visit: &mut dyn FnMut(&str, Version) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut id = String::new();
        let groups = self.groups(&Keys::All)?;
        self.with_members(&groups, contacts, &mut |group, members| {
            let mut digest = Digest::default();
            digest.add_octets(&group.changed);
            digest.add_octets(group.name.as_bytes());
            members
                .iter()
                .for_each(|uid| digest.add_octets(uid.as_bytes()));
            write_id(&mut id, LETTER, group.key);
            visit(&id, Version(digest.finish()))
        })
    }

    pub fn read(
        &self,
        keys: &Keys,
        selection: &Selection,
        contacts: &Contacts<'_>,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        let (mut id, mut uid) = (String::new(), String::new());
        let mut visit = |group: &Group, members: &Members| {
            write_id(&mut id, LETTER, group.key);
            self.uids.derive(&id, &mut uid);
            visit(&GroupCard {
                id: &id,
                address_book_id: address_books::id(Source::Personal),
                uid: &uid,
                name: &group.name,
                updated: (!group.updated.is_empty()).then_some(&group.updated),
                members: &members.iter().collect::<Vec<_>>(),
            })
        };
        let groups = self.groups(keys)?;
        if GroupCard::wants_members(selection) {
            return self.with_members(&groups, contacts, &mut visit);
        }
        let nobody = Members::default();
        groups.iter().try_for_each(|group| visit(group, &nobody))
    }

    /// Stores a new group. `contact_of` finds the contact with a uid.
    pub fn create(
        &self,
        card: &Object,
        contact_of: &dyn Fn(&str) -> Result<i64, StoreError>,
    ) -> Result<Id, StoreError> {
        if !is_only_in(card, address_books::id(Source::Personal)) {
            return Err(StoreError::Forbidden("the address book is read-only"));
        }
        let content = GroupContent::of(card)?;
        let members = keys_of(content.members.iter(), contact_of)?;
        let key = self.save(0, &content.name, &members, "")?;
        Id::new(format!("{LETTER}{key}"))
            .ok_or_else(|| StoreError::Backend("the new group has no key".into()))
    }

    /// Writes the name if it is another, and only those members that come or go. So what others
    /// have written since `before` stays, as it would if the patch were applied anew.
    pub fn update(
        &self,
        key: i64,
        before: &Object,
        after: &Object,
        contact_of: &dyn Fn(&str) -> Result<i64, StoreError>,
    ) -> Result<(), StoreError> {
        if !is_only_in(after, address_books::id(Source::Personal)) {
            return Err(StoreError::Forbidden(
                "a group cannot be moved to another address book",
            ));
        }
        if !is_group(after) {
            return Err(kind_cannot_change());
        }
        let (before, after) = (GroupContent::of(before)?, GroupContent::of(after)?);
        let added = keys_of(after.members.difference(&before.members), contact_of)?;
        let removed = keys_of(before.members.difference(&after.members), contact_of)?;
        let name = match after.name == before.name {
            true => "",
            false => &after.name,
        };
        self.save(key, name, &added, &removed).map(drop)
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

    fn save(&self, key: i64, name: &str, add: &str, remove: &str) -> Result<String, StoreError> {
        if name.chars().count() > MAX_NAME_CHARACTERS {
            return Err(name_is_too_long());
        }
        let params = [
            Param::Integer(key),
            Param::Text(name),
            Param::Text(add),
            Param::Text(remove),
        ];
        let saved = self.tables.atomically(|| {
            let saved = self.tables.database.call("group_save", &params)?;
            saved.ok_or(REFUSED)
        })?;
        String::from_utf8(saved).map_err(|error| StoreError::Backend(error.into()))
    }

    /// The groups, without their members, in the order of their keys.
    fn groups(&self, keys: &Keys) -> Result<Vec<Group>, StoreError> {
        let query = Query {
            select: &format!(
                "SELECT contactgroup_id, changed, {}, name FROM {} \
                 WHERE user_id = ? AND del = 0",
                changed_utc(self.tables.database.kind()),
                self.tables.settings.tables.contactgroups
            ),
            params: &[self.tables.user()],
            key: &["contactgroup_id"],
        };
        let mut groups = Vec::new();
        self.tables.read(query, keys, &mut |row| {
            let mut updated = String::new();
            write_utc_date(row.cell(2), &mut updated);
            groups.push(Group {
                key: row_key(row, 0)?,
                changed: row.cell(1).octets().into_owned(),
                updated,
                name: row.cell(3).text().into_owned(),
            });
            Ok(())
        })?;
        Ok(groups)
    }

    /// Visits each group with its members who are no deleted contacts.
    ///
    /// One query for each group and page is what every database answers from an index; one
    /// for all groups would be sorted again for each page.
    fn with_members(
        &self,
        groups: &[Group],
        contacts: &Contacts<'_>,
        visit: &mut dyn FnMut(&Group, &Members) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let names = &self.tables.settings.tables;
        let select = format!(
            "SELECT m.contact_id, {} FROM {} m JOIN {} c ON c.contact_id = m.contact_id \
             WHERE c.user_id = ? AND c.del = 0 AND m.contactgroup_id = ?",
            uids::part_with_uid(self.tables.database.kind(), "c.vcard"),
            names.contactgroupmembers,
            names.contacts,
        );
        let mut members = Members::default();
        let (mut contact_id, mut derived) = (String::new(), String::new());
        for group in groups {
            members.clear();
            let query = Query {
                select: &select,
                params: &[self.tables.user(), Param::Integer(group.key)],
                key: &["m.contact_id"],
            };
            self.tables.walk(query, &mut |row| {
                let contact = row_key(row, 0)?;
                match uids::own_in(&row.cell(1).octets()) {
                    Some(own) if !contacts.is_repeated(contact)? => members.add(&own),
                    _ => {
                        write_id(&mut contact_id, personal::LETTER, contact);
                        self.uids.derive(&contact_id, &mut derived);
                        members.add(&derived);
                    }
                }
                Ok(())
            })?;
            visit(group, &members)?;
        }
        Ok(())
    }
}

/// The keys of the contacts with these uids, separated by commas.
fn keys_of<'u>(
    uids: impl Iterator<Item = &'u String>,
    contact_of: &dyn Fn(&str) -> Result<i64, StoreError>,
) -> Result<String, StoreError> {
    let keys: Result<Vec<_>, _> = uids
        .map(|uid| Ok::<_, StoreError>(contact_of(uid)?.to_string()))
        .collect();
    Ok(keys?.join(","))
}
