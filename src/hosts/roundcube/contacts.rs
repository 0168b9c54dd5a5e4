//! ContactCard: everybody in Roundcube's own address books, and the groups.

use super::collected::Collected;
use super::digest::Digest;
use super::groups::{self, Groups};
use super::personal::{self, Contacts};
use super::rows::{Keys, Tables, parse_key};
use super::settings::Source;
use super::uids::Uids;
use crate::data_types::contacts::{IdAndUid, uid_of};
use crate::data_types::group_cards::is_group;
use crate::json;
use crate::store::{
    Blobs, Contents, Fingerprint, Id, Object, Selection, Store, StoreError, StoreWriter, Update,
    Version, Visit, Wanted,
};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use xxhash_rust::xxh3::xxh3_128;

const READ_ONLY: StoreError = StoreError::Forbidden("the address book is read-only");

pub struct ContactCards<'a> {
    /// The ids by the digests of the uids, once they are asked for and until they are old.
    by_uid: RefCell<Option<HashMap<u128, Id>>>,
    /// `None` where the personal address book is elsewhere, such as in LDAP.
    personal: Option<Personal<'a>>,
    collected: Collected<'a>,
}

struct Personal<'a> {
    contacts: Contacts<'a>,
    groups: Groups<'a>,
}

impl<'a> ContactCards<'a> {
    pub fn new(tables: &Rc<Tables<'a>>) -> Self {
        let uids = Rc::new(Uids::new(&tables.settings));
        let personal = || Personal {
            contacts: Contacts::new(Rc::clone(tables), Rc::clone(&uids)),
            groups: Groups::new(Rc::clone(tables), Rc::clone(&uids)),
        };
        Self {
            by_uid: RefCell::default(),
            personal: tables.settings.has(Source::Personal).then(personal),
            collected: Collected::new(Rc::clone(tables), Rc::clone(&uids)),
        }
    }

    /// The octets of a photo, a logo or a sound inside a card.
    pub fn contents(&self, blob: &Id) -> Result<Option<Contents>, StoreError> {
        match &self.personal {
            Some(Personal { contacts, groups }) => match contacts.contents(blob)? {
                None => groups.contents(blob),
                found => Ok(found),
            },
            None => Ok(None),
        }
    }

    fn id_of(&self, uid: &str) -> Result<Option<Id>, StoreError> {
        if self.by_uid.borrow().is_none() {
            let ids = self.ids_by_uid()?;
            self.by_uid.replace(Some(ids));
        }
        let by_uid = self.by_uid.borrow();
        let found = by_uid.as_ref().and_then(|ids| ids.get(&digest(uid)));
        Ok(found.cloned())
    }

    fn ids_by_uid(&self) -> Result<HashMap<u128, Id>, StoreError> {
        let selection = IdAndUid::selection();
        let mut ids = HashMap::new();
        if let Some(Personal { contacts, .. }) = &self.personal {
            // There may be very many, and their uids are at hand.
            contacts.cards(&Keys::All, &selection, &mut |card| {
                ids.extend(Id::new(card.id).map(|id| (digest(card.uid), id)));
                Ok(())
            })?;
        }
        let mut text = json::Writer::new();
        self.read_others(Wanted::All, &selection, &mut |record| {
            text.clear();
            record.emit(&selection, &mut text);
            let IdAndUid { id, uid } = serde_json::from_slice(text.as_bytes())
                .map_err(|error| StoreError::Backend(error.into()))?;
            ids.extend(Id::new(id).map(|id| (digest(&uid), id)));
            Ok(())
        })?;
        Ok(ids)
    }

    /// Visits the wanted records that are no contacts of the personal address book.
    fn read_others(
        &self,
        wanted: Wanted<'_>,
        selection: &Selection,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        if let Some(Personal { contacts, groups }) = &self.personal {
            let keys = Keys::of(wanted, groups::LETTER);
            groups.read(&keys, selection, contacts, visit)?;
        }
        self.collected.read(wanted, visit)
    }

    fn contact_of(&self, uid: &str) -> Result<Option<i64>, StoreError> {
        let id = self.id_of(uid)?;
        Ok(id.and_then(|id| key_of(&id, personal::LETTER)))
    }

    /// Keeps in mind whose uid this is, where it is known of the others.
    fn remember(&self, uid: Option<&str>, id: &Id) {
        if let Some(by_uid) = self.by_uid.borrow_mut().as_mut()
            && let Some(uid) = uid
        {
            by_uid.insert(digest(uid), id.clone());
        }
    }
}

/// What came of the one record that was written.
fn only<T>(outcomes: Vec<Result<T, StoreError>>) -> Result<T, StoreError> {
    let mut outcomes = outcomes.into_iter();
    outcomes.next().unwrap_or(Err(StoreError::NotFound))
}

fn digest(uid: &str) -> u128 {
    xxh3_128(uid.as_bytes())
}

fn key_of(id: &Id, letter: char) -> Option<i64> {
    parse_key(id.as_str().strip_prefix(letter)?)
}

impl StoreWriter for ContactCards<'_> {
    fn create(&self, object: &Object, blobs: Blobs<'_>) -> Result<Id, StoreError> {
        only(self.create_all(&[object], blobs))
    }

    fn create_all(&self, objects: &[&Object], blobs: Blobs<'_>) -> Vec<Result<Id, StoreError>> {
        let Some(Personal { contacts, groups }) = &self.personal else {
            return objects.iter().map(|_| Err(READ_ONLY)).collect();
        };
        let is_contact = |object: &&Object| !is_group(object);
        let of_contacts: Vec<_> = objects.iter().copied().filter(is_contact).collect();
        let ids = contacts.create_all(&of_contacts, blobs);
        let mut new = HashMap::new();
        for (card, id) in of_contacts.iter().zip(&ids) {
            if let Ok(id) = id {
                self.remember(uid_of(card), id);
                new.extend(uid_of(card).zip(key_of(id, personal::LETTER)));
            }
        }
        groups.let_in(&new);
        let mut ids = ids.into_iter();
        // The groups come last, because they name contacts by uids that must be known.
        let create = |object: &&Object| {
            if is_contact(object) {
                return ids.next().unwrap_or(Err(StoreError::NotFound));
            }
            let group = groups.create(object, blobs, &|uid| self.contact_of(uid))?;
            self.remember(group.uid.as_deref(), &group.id);
            Ok(group.id)
        };
        objects.iter().map(create).collect()
    }

    fn update(&self, update: Update<'_>, blobs: Blobs<'_>) -> Result<(), StoreError> {
        only(self.update_all(&[update], blobs))
    }

    fn update_all(&self, updates: &[Update<'_>], blobs: Blobs<'_>) -> Vec<Result<(), StoreError>> {
        let Some(Personal { contacts, groups }) = &self.personal else {
            return updates.iter().map(|_| Err(READ_ONLY)).collect();
        };
        let contact = |update: &Update<'_>| key_of(update.id, personal::LETTER);
        let of_contacts: Vec<_> = updates
            .iter()
            .filter_map(|update| Some((contact(update)?, *update)))
            .collect();
        let mut updated = contacts.update_all(&of_contacts, blobs).into_iter();
        let update = |update: &Update<'_>| {
            if contact(update).is_some() {
                return updated.next().unwrap_or(Err(StoreError::NotFound));
            }
            let contact_of = |uid: &str| self.contact_of(uid);
            match key_of(update.id, groups::LETTER) {
                Some(key) => groups.update(key, update, contacts, blobs, &contact_of),
                None => Err(READ_ONLY),
            }
        };
        updates.iter().map(update).collect()
    }

    fn destroy(&self, id: &Id) -> Result<(), StoreError> {
        only(self.destroy_all(std::slice::from_ref(id)))
    }

    fn destroy_all(&self, ids: &[Id]) -> Vec<Result<(), StoreError>> {
        let Some(Personal { contacts, groups }) = &self.personal else {
            return ids.iter().map(|_| Err(READ_ONLY)).collect();
        };
        // Their uids are free, and other cards may get their own back.
        self.by_uid.replace(None);
        let keys: Vec<i64> = ids
            .iter()
            .filter_map(|id| key_of(id, personal::LETTER))
            .collect();
        let mut destroyed = contacts.destroy_all(&keys).into_iter();
        let destroy = |id: &Id| {
            if key_of(id, personal::LETTER).is_some() {
                return destroyed.next().unwrap_or(Err(StoreError::NotFound));
            }
            match key_of(id, groups::LETTER) {
                Some(key) => groups.destroy(key),
                None if self.collected.has(id)? => Err(READ_ONLY),
                None => Err(StoreError::NotFound),
            }
        };
        ids.iter().map(destroy).collect()
    }

    fn find(&self, _property: &str, value: &str) -> Result<Option<Id>, StoreError> {
        // The uid is the only property that is unique.
        self.id_of(value)
    }
}

impl Store for ContactCards<'_> {
    fn fingerprint(&self) -> Result<Fingerprint, StoreError> {
        let mut digest = Digest::default();
        let mut count = 0;
        if let Some(Personal { contacts, groups }) = &self.personal {
            count += contacts.add_evidence(&mut digest)?;
            count += groups.add_evidence(&mut digest)?;
        }
        count += self.collected.add_evidence(&mut digest)?;
        Ok(Fingerprint {
            digest: digest.finish(),
            count,
        })
    }

    fn versions(
        &self,
        visit: &mut dyn FnMut(&str, Version) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if let Some(Personal { contacts, groups }) = &self.personal {
            contacts.versions(visit)?;
            groups.versions(contacts, visit)?;
        }
        self.collected.versions(visit)
    }

    fn learnt(&self) -> Vec<u8> {
        let personal = self.personal.as_ref();
        personal.map_or_else(Vec::new, |personal| personal.contacts.learnt())
    }

    fn recall(&self, learnt: &[u8]) {
        if let Some(Personal { contacts, .. }) = &self.personal {
            contacts.recall(learnt);
        }
    }

    fn read(
        &self,
        wanted: Wanted<'_>,
        selection: &Selection,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        if let Some(Personal { contacts, .. }) = &self.personal {
            let keys = Keys::of(wanted, personal::LETTER);
            contacts.read(&keys, selection, visit)?;
        }
        self.read_others(wanted, selection, visit)
    }

    fn writer(&self) -> Option<&dyn StoreWriter> {
        Some(self)
    }
}
