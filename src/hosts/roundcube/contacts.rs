//! ContactCard: everybody in Roundcube's own address books, and the groups.

use super::collected::Collected;
use super::digest::Digest;
use super::groups::{self, Groups};
use super::personal::{self, Contacts};
use super::rows::{Keys, Tables, parse_key};
use super::settings::Source;
use super::uids::Uids;
use crate::data_types::contacts::{IdAndUid, uid_of};
use crate::data_types::group_cards::{is_group, no_such_member};
use crate::json;
use crate::store::{
    Blobs, Contents, Fingerprint, Id, Object, Selection, Store, StoreError, StoreWriter, Version,
    Visit, Wanted,
};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use xxhash_rust::xxh3::xxh3_128;

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
            Some(Personal { contacts, .. }) => contacts.contents(blob),
            None => Ok(None),
        }
    }

    /// The part that can be written.
    fn personal(&self) -> Result<&Personal<'a>, StoreError> {
        let personal = self.personal.as_ref();
        personal.ok_or(StoreError::Forbidden("the address book is read-only"))
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
        let mut text = json::Writer::new();
        self.read(Wanted::All, &selection, &mut |record| {
            text.clear();
            record.emit(&selection, &mut text);
            let IdAndUid { id, uid } = serde_json::from_slice(text.as_bytes())
                .map_err(|error| StoreError::Backend(error.into()))?;
            if let Some(id) = Id::new(id) {
                ids.insert(digest(&uid), id);
            }
            Ok(())
        })?;
        Ok(ids)
    }

    fn contact_of(&self, uid: &str) -> Result<i64, StoreError> {
        let id = self.id_of(uid)?;
        id.and_then(|id| key_of(&id, personal::LETTER))
            .ok_or_else(no_such_member)
    }
}

fn digest(uid: &str) -> u128 {
    xxh3_128(uid.as_bytes())
}

fn key_of(id: &Id, letter: char) -> Option<i64> {
    parse_key(id.as_str().strip_prefix(letter)?)
}

impl StoreWriter for ContactCards<'_> {
    fn create(&self, object: &Object, blobs: Blobs<'_>) -> Result<Id, StoreError> {
        let Personal { contacts, groups } = self.personal()?;
        if is_group(object) {
            // Its uid is derived, whatever the card says.
            return groups.create(object, &|uid| self.contact_of(uid));
        }
        let id = contacts.create(object, blobs)?;
        if let Some(ids) = self.by_uid.borrow_mut().as_mut()
            && let Some(uid) = uid_of(object)
        {
            ids.insert(digest(uid), id.clone());
        }
        Ok(id)
    }

    fn update(
        &self,
        id: &Id,
        before: &Object,
        after: &Object,
        blobs: Blobs<'_>,
    ) -> Result<(), StoreError> {
        let Personal { contacts, groups } = self.personal()?;
        if let Some(key) = key_of(id, personal::LETTER) {
            return contacts.update(key, before, after, blobs);
        }
        match key_of(id, groups::LETTER) {
            Some(key) => groups.update(key, before, after, &|uid| self.contact_of(uid)),
            None => Err(StoreError::Forbidden("the address book is read-only")),
        }
    }

    fn destroy(&self, id: &Id) -> Result<(), StoreError> {
        let Personal { contacts, groups } = self.personal()?;
        // Its uid is free, and another card may get its own back.
        self.by_uid.replace(None);
        if let Some(key) = key_of(id, personal::LETTER) {
            return contacts.destroy(key);
        }
        if let Some(key) = key_of(id, groups::LETTER) {
            return groups.destroy(key);
        }
        match self.collected.has(id)? {
            true => Err(StoreError::Forbidden("the address book is read-only")),
            false => Err(StoreError::NotFound),
        }
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
        if let Some(Personal { contacts, groups }) = &self.personal {
            let keys = Keys::of(wanted, personal::LETTER);
            contacts.read(&keys, selection, visit)?;
            let keys = Keys::of(wanted, groups::LETTER);
            groups.read(&keys, selection, contacts, visit)?;
        }
        self.collected.read(wanted, visit)
    }

    fn writer(&self) -> Option<&dyn StoreWriter> {
        Some(self)
    }
}
