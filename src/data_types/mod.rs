//! What the objects are: each data type as a declaration.
//!
//! The standard methods of RFC 8620 §5 are written once, in `records/` and behind each face,
//! and read these tables. A type adds a row here and nothing else.

pub mod blobs;
pub mod contact_files;
pub mod contacts;
pub mod group_cards;
pub mod identities;
pub mod mail;
pub mod parse;

use contacts::{ADDRESS_BOOK, CONTACT_CARD};
use mail::{EMAIL_SUBMISSION, IDENTITY};
use parse::Parse;
use serde_json::Value;

/// Every data type that there is. A host says which of them it has.
pub const ALL: &[&DataType] = &[&ADDRESS_BOOK, &CONTACT_CARD, &IDENTITY, &EMAIL_SUBMISSION];

/// A kind of record (RFC 8620 §1.6.3).
#[derive(Debug)]
pub struct DataType {
    /// The wire name, such as `ContactCard`.
    pub name: &'static str,
    /// The capability URI that a request must name in `using`.
    pub capability: &'static str,
    pub methods: &'static [Method],
    pub properties: &'static [Property],
    /// Vendor properties, whose names hold a colon (RFC 9553 §1.8.1), are valid too.
    pub is_extensible: bool,
    pub filters: &'static [Filter],
    pub sorts: &'static [Sort],
    /// Where ids of blobs stand in a record; paths as in [`Test`].
    pub blobs: &'static [&'static str],
    /// How records are read out of files, where they are.
    pub parse: Option<&'static Parse>,
}

/// The standard methods of RFC 8620 §5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Changes,
    Set,
    Copy,
    Query,
    QueryChanges,
}

/// A property's name and rules.
#[derive(Debug)]
pub struct Property {
    pub name: &'static str,
    /// Only the server gives it a value (RFC 8620 §1.1).
    pub is_server_set: bool,
    /// It never changes after creation.
    pub is_immutable: bool,
    /// No two records of the account have the same value.
    pub is_unique: bool,
    /// A create must give it.
    pub is_mandatory: bool,
    /// What it is when nobody gave it a value; `None`: it is absent then.
    pub default: Option<fn() -> Value>,
    /// Where ids of other records stand in it, so that `#creation-id` is resolved there.
    pub ids: Ids,
}

/// Where a property holds ids (RFC 8620 §5.3: a created id may stand wherever an Id may).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    No,
    /// The value is an Id or null.
    Value,
    /// The keys of the object are Ids.
    Keys,
}

/// A property without any flag; the tables add theirs.
pub(crate) const PLAIN: Property = Property {
    name: "",
    is_server_set: false,
    is_immutable: false,
    is_unique: false,
    is_mandatory: false,
    default: None,
    ids: Ids::No,
};

pub(crate) const fn plain(name: &'static str) -> Property {
    Property { name, ..PLAIN }
}

/// The `id` that every record has (RFC 8620 §1.6.3).
pub(crate) const ID: Property = Property {
    is_server_set: true,
    is_immutable: true,
    ..plain("id")
};

/// One condition of a FilterCondition (RFC 8620 §5.5).
#[derive(Debug)]
pub struct Filter {
    pub name: &'static str,
    pub test: Test,
}

/// How a filter's value is held against a record.
///
/// A path is a JSON Pointer without the leading slash, in which `*` stands for every member,
/// `[kind=given]` for every member whose `kind` is `given`, `<keys>` for the keys of an
/// object, and `**` for the value and everything beneath it.
#[derive(Debug)]
pub enum Test {
    /// The words and phrases of the value occur in the strings at these paths
    /// (RFC 9610 §3.3.1).
    Text(&'static [&'static str]),
    /// A string at this path is the value exactly.
    Equals(&'static str),
    /// A string at this path is in the list that is the value.
    OneOf(&'static str),
    /// The UTCDate at this path is before the value.
    Before(&'static str),
    /// The UTCDate at this path is the value or after it.
    NotBefore(&'static str),
}

/// One property that `/query` can sort by.
#[derive(Debug)]
pub struct Sort {
    pub name: &'static str,
    /// Where the first value to compare stands; a path as in [`Test`].
    pub path: &'static str,
    pub order: Order,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Text,
    Date,
}

impl DataType {
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties
            .iter()
            .find(|property| property.name == name)
    }

    /// Whether `/get` may be asked for this property.
    pub fn has_property(&self, name: &str) -> bool {
        self.property(name).is_some() || (self.is_extensible && name.contains(':'))
    }

    /// Whether ids of other records stand in the property.
    pub fn holds_ids(&self, name: &str) -> bool {
        self.property(name)
            .is_some_and(|property| property.ids != Ids::No)
    }

    pub fn has(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }
}

/// The capability URIs that are declared here, each once.
pub fn capabilities() -> impl Iterator<Item = &'static str> {
    let mut uris: Vec<&'static str> = Vec::new();
    let of_types = ALL.iter().map(|data_type| data_type.capability);
    let of_parsing = ALL.iter().filter_map(|data_type| data_type.parse);
    let of_parsing = of_parsing.map(|parse| parse.capability);
    for uri in of_types.chain([blobs::BLOB_CAPABILITY]).chain(of_parsing) {
        if !uris.contains(&uri) {
            uris.push(uri);
        }
    }
    uris.into_iter()
}

/// The declaration behind a wire name.
pub fn by_name(name: &str) -> Option<&'static DataType> {
    ALL.iter().copied().find(|data_type| data_type.name == name)
}

#[cfg(test)]
mod tests {
    use super::ALL;

    // Whoever writes relies on it: only a new record can repeat what another has.
    #[test]
    fn unique_properties_are_immutable() {
        for data_type in ALL {
            for property in data_type.properties.iter().filter(|one| one.is_unique) {
                assert!(
                    property.is_immutable,
                    "{}/{}",
                    data_type.name, property.name
                );
            }
        }
    }
}
