//! Roundcube 1.5 to 1.7, over the tables of its own database.
//!
//! | data type | id | where it lives |
//! |---|---|---|
//! | AddressBook | `b0`, `b1`, `b2` | configuration |
//! | ContactCard | `c<contact_id>` | `contacts` |
//! | ContactCard of kind group | `g<contactgroup_id>` | `contactgroups`, `contactgroupmembers` |
//! | ContactCard | `r<address_id>`, `t<address_id>` | `collected_addresses` of type 1 and 2 |
//! | Identity | `i<identity_id>` | `identities` |
//! | blob | `p<contact_id>-<digest>-<key in media>` | inside `contacts.vcard` |
//! | blob | `q<contactgroup_id>-<digest>-<key in media>` | inside what is carried of a group |
//!
//! What the columns of `contactgroups` and `identities` cannot hold is carried in the plugin's
//! own table `jmap_carried`.

mod address_books;
mod cards;
mod carried;
mod collected;
pub mod columns;
mod contact_writer;
mod contacts;
mod dates;
pub mod dialect;
mod digest;
mod evidence;
mod group_writer;
mod groups;
mod hooks;
mod identities;
mod identity_writer;
mod latecomers;
mod personal;
mod rows;
mod settings;
mod uids;
mod words;

use crate::data_types::contacts::{
    ADDRESS_BOOK, CONTACT_CARD, CONTACTS_CAPABILITY, account_capability,
};
use crate::data_types::mail::{self, EMAIL_SUBMISSION, IDENTITY, SUBMISSION_CAPABILITY};
use crate::db::Database;
use crate::hosts::OpenError;
use crate::store::{self, Account, Contents, Host, Id, Object, Store, StoreError};
use address_books::AddressBooks;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contacts::ContactCards;
use identities::Identities;
use rows::Tables;
use settings::Settings;
use std::rc::Rc;

/// The account of one Roundcube user.
pub struct Roundcube<'a> {
    accounts: [Account; 1],
    address_books: AddressBooks,
    contact_cards: ContactCards<'a>,
    identities: Identities<'a>,
    submissions: store::Empty,
}

pub fn open<'a>(
    settings: Settings,
    database: Box<dyn Database + 'a>,
) -> Result<Roundcube<'a>, OpenError> {
    let tables = Rc::new(Tables { database, settings });
    let settings = &tables.settings;
    let key = URL_SAFE_NO_PAD.encode(settings.user_id.to_string());
    Ok(Roundcube {
        accounts: [Account {
            id: Id::new(format!("a{key}")).ok_or(OpenError::AccountId)?,
            name: settings.user_name.clone(),
            is_personal: true,
            is_read_only: false,
        }],
        address_books: AddressBooks::new(&settings.address_books),
        contact_cards: ContactCards::new(&tables),
        identities: Identities::new(Rc::clone(&tables)),
        submissions: store::Empty,
    })
}

impl Roundcube<'_> {
    fn is_mine(&self, account: &Id) -> bool {
        self.accounts.iter().any(|mine| mine.id == *account)
    }
}

impl Host for Roundcube<'_> {
    fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    fn store(&self, account: &Id, data_type: &str) -> Option<&dyn Store> {
        if !self.is_mine(account) {
            return None;
        }
        // The names are those of the declarations, which cannot stand in patterns.
        match data_type {
            name if name == ADDRESS_BOOK.name => Some(&self.address_books),
            name if name == CONTACT_CARD.name => Some(&self.contact_cards),
            name if name == IDENTITY.name => Some(&self.identities),
            name if name == EMAIL_SUBMISSION.name => Some(&self.submissions),
            _ => None,
        }
    }

    fn capability(&self, account: &Id, uri: &str) -> Option<Object> {
        if !self.is_mine(account) {
            return None;
        }
        match uri {
            // A row of Roundcube's tables belongs to one book.
            CONTACTS_CAPABILITY => Some(account_capability(Some(1), false)),
            SUBMISSION_CAPABILITY => Some(mail::submission_account_capability()),
            _ => None,
        }
    }

    fn contents(&self, account: &Id, blob: &Id) -> Result<Option<Contents>, StoreError> {
        if !self.is_mine(account) {
            return Ok(None);
        }
        self.contact_cards.contents(blob)
    }
}
