//! ContactCard: everybody in Roundcube's own address books, and the groups.

use super::collected::Collected;
use super::digest::Digest;
use super::groups::{self, Groups};
use super::personal::{self, Contacts};
use super::rows::{Keys, Tables};
use super::settings::Source;
use super::uids::Uids;
use crate::store::{
    Contents, Fingerprint, Id, Selection, Store, StoreError, Version, Visit, Wanted,
};
use std::rc::Rc;

pub struct ContactCards<'a> {
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
}
