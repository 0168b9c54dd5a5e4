//! The port: what a webmail must offer so that its data can be read and written.
//!
//! A host (`hosts/`) implements [`Host`] once and [`Store`] for each data type that it keeps.
//! Whatever speaks a protocol sees only these traits. Nothing here knows JMAP's envelope, a
//! database or PHP.
//!
//! Methods take `&self`: a host calls back into PHP, which must never find a borrow open.

use crate::json;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

/// A JSON object, such as a whole record in its wire form.
pub type Object = Map<String, Value>;

/// An identifier of RFC 8620 §1.2: 1 to 255 octets of `A-Za-z0-9-_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

impl Id {
    /// `None` when the text is no valid Id; such an id names no record.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let valid = (1..=255).contains(&text.len())
            && text
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_');
        valid.then_some(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Changes whenever the record's content does; compared for equality and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version(pub u128);

impl Version {
    /// The digest of a record's parts. Each part's length counts too, so that moving an octet
    /// from one part to the next is another version.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut digest = xxhash_rust::xxh3::Xxh3::new();
        for part in parts {
            digest.update(&(part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        Self(digest.digest128())
    }
}

/// An account of the authenticated user (RFC 8620 §1.6.2).
#[derive(Clone, Debug)]
pub struct Account {
    pub id: Id,
    /// What the user would recognise it by, such as the login name.
    pub name: String,
    pub is_personal: bool,
    pub is_read_only: bool,
}

/// Which records a read is for.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// Every record of the account.
    All,
    /// Those of these ids that exist; each id occurs once.
    Ids(&'a [Id]),
}

/// Which properties a read is for. What is not selected need not be converted.
#[derive(Clone, Debug)]
pub struct Selection(
    /// Sorted, each name once: a client may send a million, and each record is asked of them.
    Option<Vec<String>>,
);

impl Selection {
    pub const ALL: Self = Self(None);

    pub fn of<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        let names: BTreeSet<String> = names.into_iter().map(Into::into).collect();
        Self(Some(names.into_iter().collect()))
    }

    pub fn wants(&self, property: &str) -> bool {
        match &self.0 {
            None => true,
            Some(names) => {
                let found = names.binary_search_by(|name| name.as_str().cmp(property));
                found.is_ok()
            }
        }
    }

    /// `None` when everything is selected.
    pub fn names(&self) -> Option<&[String]> {
        self.0.as_deref()
    }
}

/// One record, alive only while it is visited.
pub trait Record {
    fn id(&self) -> &str;

    /// A text that has every run of letters and every run of digits of the record's texts,
    /// whatever their case. What a search does not find here need not be converted.
    ///
    /// `None` where only converting tells.
    fn plain_text(&self) -> Option<&str> {
        None
    }

    /// Writes one JSON object: `id` and those selected properties that have a value. A
    /// property with no value is left out, unless its declaration has a default.
    fn emit(&self, selection: &Selection, out: &mut json::Writer);
}

/// What a read calls for each record. An error ends the read and comes back from it.
pub type Visit<'a> = &'a mut dyn FnMut(&dyn Record) -> Result<(), StoreError>;

/// Cheap evidence about a whole data type in an account.
///
/// While the digest is the same, no record has been created, changed or destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    pub digest: u128,
    /// How many records there are.
    pub count: u64,
}

/// One data type of one account, as a host keeps it.
pub trait Store {
    /// Reads whatever traces the host leaves of a change, without reading the records.
    ///
    /// A host with no such traces digests the records themselves; it must then be as exact
    /// as [`Store::versions`].
    fn fingerprint(&self) -> Result<Fingerprint, StoreError>;

    /// Visits every record's id and version, in any order, each once.
    fn versions(
        &self,
        visit: &mut dyn FnMut(&str, Version) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// What the last [`Store::versions`] has learnt besides, in the store's own form, so that
    /// reading need not go over every record for it. Empty: nothing.
    ///
    /// It is kept while the fingerprint stays the same, and handed to [`Store::recall`] in
    /// later requests.
    fn learnt(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Takes back what it has learnt.
    fn recall(&self, _learnt: &[u8]) {}

    /// Visits the wanted records in any order, each once; ids that do not exist are passed
    /// over. The first chunk of rows is fetched before the first visit.
    fn read(
        &self,
        wanted: Wanted<'_>,
        selection: &Selection,
        visit: Visit<'_>,
    ) -> Result<(), StoreError>;

    /// The way to write, where this store can be written at all.
    fn writer(&self) -> Option<&dyn StoreWriter> {
        None
    }
}

/// A store that never holds anything, for a type that a host must answer for but does not
/// keep.
#[derive(Debug)]
pub struct Empty;

impl Store for Empty {
    fn fingerprint(&self) -> Result<Fingerprint, StoreError> {
        Ok(Fingerprint {
            digest: 0,
            count: 0,
        })
    }

    fn versions(
        &self,
        _visit: &mut dyn FnMut(&str, Version) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    fn read(
        &self,
        _wanted: Wanted<'_>,
        _selection: &Selection,
        _visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Finds what a blob id in a record stands for, such as an upload of the client; `None` where
/// the user sees no such blob.
pub type Blobs<'a> = &'a dyn Fn(&Id) -> Result<Option<Contents>, StoreError>;

/// A record's content as it is and as it is to be, both whole records with `id`.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    pub id: &'a Id,
    pub before: &'a Object,
    pub after: &'a Object,
}

/// The writing half of a store. Each record is written wholly or not at all.
///
/// Those methods that write many records do with each what the one for a single record does,
/// in their order, and say in the same order what came of each; one that fails costs the others
/// nothing. A store overrides them where it gains by doing the work at once. They are asked for
/// a bounded number of records, of which none is named twice.
pub trait StoreWriter {
    /// Stores a new record, without `id`, and says which id it got.
    fn create(&self, object: &Object, blobs: Blobs<'_>) -> Result<Id, StoreError>;

    fn create_all(&self, objects: &[&Object], blobs: Blobs<'_>) -> Vec<Result<Id, StoreError>> {
        let create = |object: &&Object| self.create(object, blobs);
        objects.iter().map(create).collect()
    }

    /// Replaces the content `before` by `after`.
    ///
    /// # Errors
    /// `Conflict` when what is stored is no longer `before`: read again and reapply.
    fn update(&self, update: Update<'_>, blobs: Blobs<'_>) -> Result<(), StoreError>;

    fn update_all(&self, updates: &[Update<'_>], blobs: Blobs<'_>) -> Vec<Result<(), StoreError>> {
        let update = |update: &Update<'_>| self.update(*update, blobs);
        updates.iter().map(update).collect()
    }

    fn destroy(&self, id: &Id) -> Result<(), StoreError>;

    fn destroy_all(&self, ids: &[Id]) -> Vec<Result<(), StoreError>> {
        ids.iter().map(|id| self.destroy(id)).collect()
    }

    /// The record whose property has this value, for properties that are unique in the
    /// account; `None` when no record has it.
    fn find(&self, property: &str, value: &str) -> Result<Option<Id>, StoreError>;
}

/// The contents of a blob that lives inside a record, such as a photo.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The media type that the record claims, if it claims one.
    pub media_type: Option<String>,
    pub octets: Vec<u8>,
}

/// A webmail, on behalf of one authenticated user.
pub trait Host {
    /// The accounts that the user may see; the first is the user's own.
    fn accounts(&self) -> &[Account];

    /// The store of a data type (by its wire name) in an account, or `None` where the host
    /// has no such thing.
    fn store(&self, account: &Id, data_type: &str) -> Option<&dyn Store>;

    /// What the account can do under a capability that `data_types` declares, as that
    /// capability's document wants it said; `None` where the account has nothing of it.
    fn capability(&self, account: &Id, uri: &str) -> Option<Object>;

    /// Resolves a blob id that one of this host's records has handed out. These begin with a
    /// small letter: the others are of uploads and what is in them.
    ///
    /// `None` for every id that does not lead to a blob that this user may see.
    fn contents(&self, account: &Id, blob: &Id) -> Result<Option<Contents>, StoreError>;
}

/// Why a host could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("no such record")]
    NotFound,
    /// The user may not do this to this record or collection.
    #[error("not allowed: {0}")]
    Forbidden(&'static str),
    /// The user may not send from the address that a new Identity has.
    #[error("the address is not the user's")]
    ForbiddenFrom,
    /// The host cannot hold these properties as they are.
    #[error("{reason}")]
    Invalid {
        properties: Vec<String>,
        reason: String,
    },
    /// Somebody else wrote meanwhile; nothing has been changed.
    #[error("the record has changed meanwhile")]
    Conflict,
    #[error("larger than the host can hold")]
    TooLarge,
    #[error("over the account's quota")]
    OverQuota,
    /// Too many records have been created lately; later it may do.
    #[error("too many records in a short time")]
    TooOften,
    /// There is always one record of this type, which can only be changed.
    #[error("there is always one such record")]
    Singleton,
    /// A passing fault: the same call may do later.
    #[error("the storage is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A fault of ours or of the host.
    #[error("the storage failed")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The request's time is over, or its client has gone.
    #[error("stopped: {0}")]
    Stopped(&'static str),
}

impl StoreError {
    /// The same, for each of the records that it has kept from being written or read.
    pub fn for_another(&self) -> Self {
        match self {
            Self::NotFound => Self::NotFound,
            Self::Forbidden(reason) => Self::Forbidden(reason),
            Self::ForbiddenFrom => Self::ForbiddenFrom,
            Self::Invalid { properties, reason } => Self::Invalid {
                properties: properties.clone(),
                reason: reason.clone(),
            },
            Self::Conflict => Self::Conflict,
            Self::TooLarge => Self::TooLarge,
            Self::OverQuota => Self::OverQuota,
            Self::TooOften => Self::TooOften,
            Self::Singleton => Self::Singleton,
            Self::Unavailable(source) => Self::Unavailable(source.to_string().into()),
            Self::Backend(source) => Self::Backend(source.to_string().into()),
            Self::Stopped(reason) => Self::Stopped(reason),
        }
    }
}
