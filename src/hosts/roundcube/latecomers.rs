//! Members whom the card of a group names before they are contacts.
//!
//! A file may have its groups first, and come in by several requests. Such members are carried;
//! here they join Roundcube's own group, so that its pages show them in it.

use super::cards;
use super::carried::Stored;
use super::contact_writer;
use super::groups::{Groups, PAGE_GROUPS, whole_card};
use super::rows::Keys;
use crate::data_types::group_cards::{members_of, with_members};
use crate::hosts::carried::Entry;
use crate::store::StoreError;
use std::collections::{BTreeSet, HashMap};

impl Groups<'_> {
    /// Lets new contacts, their keys by their uids, into the groups that wait for them.
    ///
    /// Who is not let in stays a member by the card alone, until the group is written.
    pub fn let_in(&self, contacts: &HashMap<&str, i64>) {
        let let_in = || {
            for groups in self.groups(&Keys::All)?.chunks(PAGE_GROUPS) {
                let keys = Keys::Of(groups.iter().map(|group| group.key).collect());
                for (key, stored) in self.carried.entries(&keys, true)? {
                    self.let_into(key, &stored, contacts)?;
                }
            }
            Ok::<_, StoreError>(())
        };
        if !contacts.is_empty()
            && let Err(error) = let_in()
        {
            log::warn!("new contacts are not in all of their groups: {error}");
        }
    }

    fn let_into(
        &self,
        key: i64,
        stored: &Stored,
        contacts: &HashMap<&str, i64>,
    ) -> Result<(), StoreError> {
        let card = whole_card(key, &stored.entry)?;
        let (mut new, mut others) = (BTreeSet::new(), BTreeSet::new());
        for uid in members_of(&card) {
            match contacts.get(uid) {
                Some(contact) => new.insert(*contact),
                None => others.insert(uid.to_owned()),
            };
        }
        if new.is_empty() {
            return Ok(());
        }
        let blob_id =
            |media: &str, digest: u64| cards::blob_id(cards::OF_GROUP, key, media, digest);
        let host = contact_writer::members(&stored.entry.uid, false, &blob_id);
        let vcard = stored.entry.data.as_bytes();
        let card = with_members(&card, &others);
        let vcard = contact_writer::patched(vcard, &host, &card, &|_| Ok(None))?;
        let data = String::from_utf8(vcard).map_err(|error| StoreError::Backend(error.into()))?;
        let entry = Entry {
            data,
            ..stored.entry.clone()
        };
        self.tables.atomically(|| {
            self.save(key, "", &new, &BTreeSet::new())?;
            self.carried.replace(key, Some(stored), Some(&entry))
        })
    }
}
