//! The contact groups of the personal address book, as cards of kind group.
//!
//! Roundcube keeps a name and memberships. The rest of a card is carried as a vCard, which
//! mirrors the name: what more it says of that counts only while the row has it.

use super::address_books;
use super::cards;
use super::carried::{Carried, Stored, digest_of};
use super::dates::{changed_utc, write_utc_date};
use super::digest::Digest;
use super::evidence::{self, Traces};
use super::personal::{self, Contacts};
use super::rows::{Keys, Query, Tables, row_key, write_id};
use super::settings::Source;
use super::uids::{self, Uids};
use crate::convert::vcard::HostMembers;
use crate::data_types::group_cards::{GroupCard, forget_name};
use crate::db::Param;
use crate::hosts::carried::Entry;
use crate::json;
use crate::store::{Contents, Id, Object, Selection, StoreError, Version, Visit};
use std::collections::HashMap;
use std::rc::Rc;

pub const LETTER: char = 'g';

/// The column that names a group.
pub const KEY: &str = "contactgroup_id";

/// How many groups are read with what is carried of them at once.
pub const PAGE_GROUPS: usize = 50;

pub struct Groups<'a> {
    pub tables: Rc<Tables<'a>>,
    pub carried: Carried<'a>,
    uids: Rc<Uids>,
}

/// A row of `contactgroups`.
pub struct Group {
    pub key: i64,
    /// As it is stored.
    changed: Vec<u8>,
    /// A UTCDate; empty where there is none.
    updated: String,
    pub name: String,
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
        Self {
            carried: Carried::new(Rc::clone(&tables), KEY),
            tables,
            uids,
        }
    }

    /// Adds what the groups and their memberships look like and says how many groups there
    /// are. Adding and removing members leaves no trace in the group's row.
    pub fn add_evidence(&self, digest: &mut Digest) -> Result<u64, StoreError> {
        let (groups, carried) = self.groups_and_digests()?;
        for group in &groups {
            digest.add_octets(&group.key.to_le_bytes());
            digest.add_octets(&group.changed);
            digest.add_octets(group.name.as_bytes());
            digest.add_octets(digest_of(carried.get(&group.key)));
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
        let (groups, carried) = self.groups_and_digests()?;
        self.with_members(&groups, contacts, &mut |group, members| {
            let mut digest = Digest::default();
            digest.add_octets(&group.changed);
            digest.add_octets(group.name.as_bytes());
            digest.add_octets(digest_of(carried.get(&group.key)));
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
        let wants_carried = GroupCard::wants_carried(selection);
        for groups in self.groups(keys)?.chunks(PAGE_GROUPS) {
            let keys = Keys::Of(groups.iter().map(|group| group.key).collect());
            let carried = match wants_carried || selection.wants("uid") {
                true => self.carried.entries(&keys, wants_carried)?,
                false => HashMap::new(),
            };
            let mut visit = |group: &Group, members: &Members| {
                write_id(&mut id, LETTER, group.key);
                let carried = carried.get(&group.key).map(|carried| &carried.entry);
                match carried {
                    Some(carried) => uid.clone_from(&carried.uid),
                    None => self.uids.derive(&id, &mut uid),
                }
                let card = match carried.filter(|_| wants_carried) {
                    Some(carried) => carried_card(group, carried)?,
                    None => Object::new(),
                };
                visit(&GroupCard {
                    id: &id,
                    address_book_id: address_books::id(Source::Personal),
                    uid: &uid,
                    name: &group.name,
                    updated: (!group.updated.is_empty()).then_some(&group.updated),
                    members: &members.iter().collect::<Vec<_>>(),
                    carried: &card,
                })
            };
            if GroupCard::wants_members(selection) {
                self.with_members(groups, contacts, &mut visit)?;
                continue;
            }
            let nobody = Members::default();
            groups.iter().try_for_each(|group| visit(group, &nobody))?;
        }
        Ok(())
    }

    /// The octets of a photo, a logo or a sound.
    pub fn contents(&self, blob: &Id) -> Result<Option<Contents>, StoreError> {
        let Some(key) = cards::blob_row(cards::OF_GROUP, blob) else {
            return Ok(None);
        };
        if self.group(key)?.is_none() {
            return Ok(None);
        }
        let carried = self.carried.entry(key)?;
        Ok(carried.and_then(|carried| {
            let vcard = carried.entry.data.as_bytes();
            cards::blob_contents(vcard, cards::OF_GROUP, key, blob)
        }))
    }

    /// All groups, and what is carried of them by its digest.
    fn groups_and_digests(&self) -> Result<(Vec<Group>, HashMap<i64, Stored>), StoreError> {
        let groups = self.groups(&Keys::All)?;
        let carried = match groups.is_empty() {
            true => HashMap::new(),
            false => self.carried.entries(&Keys::All, false)?,
        };
        Ok((groups, carried))
    }

    pub fn group(&self, key: i64) -> Result<Option<Group>, StoreError> {
        Ok(self.groups(&Keys::Of(vec![key]))?.pop())
    }

    /// The groups, without their members, in the order of their keys.
    pub fn groups(&self, keys: &Keys) -> Result<Vec<Group>, StoreError> {
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

/// What is carried of a card, as far as it goes with the row.
fn carried_card(group: &Group, carried: &Entry) -> Result<Object, StoreError> {
    let mut card = whole_card(group.key, carried)?;
    if !carried.goes_with(&group.name) {
        forget_name(&mut card);
    }
    Ok(card)
}

/// All that is carried of the card of the group with this key.
pub fn whole_card(key: i64, carried: &Entry) -> Result<Object, StoreError> {
    let host = HostMembers {
        id: "",
        address_book_ids: &[],
        uid: &carried.uid,
        is_uid_taken: false,
        updated: Some(""),
        created: None,
        blob_id: &|media, digest| cards::blob_id(cards::OF_GROUP, key, media, digest),
    };
    let mut text = json::Writer::new();
    cards::parse(carried.data.as_bytes()).emit(&host, &Selection::ALL, &mut text);
    serde_json::from_slice(text.as_bytes()).map_err(|error| StoreError::Backend(error.into()))
}
