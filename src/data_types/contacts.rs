//! JMAP for Contacts: AddressBook and ContactCard (RFC 9610).

use super::{DataType, Filter, ID, Ids, Method, Order, Property, Sort, Test, contact_files, plain};
use crate::json;
use crate::store::{Object, Record, Selection, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};

pub const CONTACTS_CAPABILITY: &str = "urn:ietf:params:jmap:contacts";

/// What an account tells of itself under the capability (RFC 9610 §1.4.1).
///
/// `max_address_books_per_card` is `None` for no limit.
pub fn account_capability(
    max_address_books_per_card: Option<u64>,
    may_create_address_book: bool,
) -> Object {
    Object::from_iter([
        (
            "maxAddressBooksPerCard".to_owned(),
            max_address_books_per_card.into(),
        ),
        (
            "mayCreateAddressBook".to_owned(),
            may_create_address_book.into(),
        ),
    ])
}

/// A named collection of cards (RFC 9610 §2).
pub const ADDRESS_BOOK: DataType = DataType {
    name: "AddressBook",
    capability: CONTACTS_CAPABILITY,
    methods: &[Method::Get, Method::Changes, Method::Set],
    properties: &[
        ID,
        Property {
            is_mandatory: true,
            ..plain("name")
        },
        Property {
            default: Some(|| Value::Null),
            ..plain("description")
        },
        Property {
            default: Some(|| json!(0)),
            ..plain("sortOrder")
        },
        Property {
            is_server_set: true,
            ..plain("isDefault")
        },
        Property {
            default: Some(|| json!(true)),
            ..plain("isSubscribed")
        },
        Property {
            default: Some(|| Value::Null),
            ..plain("shareWith")
        },
        Property {
            is_server_set: true,
            ..plain("myRights")
        },
    ],
    is_extensible: false,
    filters: &[],
    sorts: &[],
    blobs: &[],
    parse: None,
};

/// A JSContact Card and the books that it is in (RFC 9610 §3, RFC 9553 §2).
pub const CONTACT_CARD: DataType = DataType {
    name: "ContactCard",
    capability: CONTACTS_CAPABILITY,
    methods: &[
        Method::Get,
        Method::Changes,
        Method::Set,
        Method::Copy,
        Method::Query,
        Method::QueryChanges,
    ],
    properties: &[
        ID,
        Property {
            is_mandatory: true,
            ids: Ids::Keys,
            ..plain("addressBookIds")
        },
        // RFC 9553 §2.1
        plain("@type"),
        plain("version"),
        plain("created"),
        plain("kind"),
        plain("language"),
        plain("members"),
        plain("prodId"),
        plain("relatedTo"),
        Property {
            is_immutable: true,
            is_unique: true,
            ..plain("uid")
        },
        plain("updated"),
        // RFC 9553 §2.2
        plain("name"),
        plain("nicknames"),
        plain("organizations"),
        plain("speakToAs"),
        plain("titles"),
        // RFC 9553 §2.3
        plain("emails"),
        plain("onlineServices"),
        plain("phones"),
        plain("preferredLanguages"),
        // RFC 9553 §2.4
        plain("calendars"),
        plain("schedulingAddresses"),
        // RFC 9553 §2.5
        plain("addresses"),
        // RFC 9553 §2.6
        plain("cryptoKeys"),
        plain("directories"),
        plain("links"),
        plain("media"),
        // RFC 9553 §2.7
        plain("localizations"),
        // RFC 9553 §2.8
        plain("anniversaries"),
        plain("keywords"),
        plain("notes"),
        plain("personalInfo"),
        // RFC 9555 §2.15
        plain("vCardProps"),
    ],
    is_extensible: true,
    filters: &[
        Filter {
            name: "inAddressBook",
            test: Test::Equals("addressBookIds/<keys>"),
        },
        Filter {
            name: "uid",
            test: Test::Equals("uid"),
        },
        Filter {
            name: "hasMember",
            test: Test::Equals("members/<keys>"),
        },
        Filter {
            name: "kind",
            test: Test::Equals("kind"),
        },
        Filter {
            name: "createdBefore",
            test: Test::Before("created"),
        },
        Filter {
            name: "createdAfter",
            test: Test::NotBefore("created"),
        },
        Filter {
            name: "updatedBefore",
            test: Test::Before("updated"),
        },
        Filter {
            name: "updatedAfter",
            test: Test::NotBefore("updated"),
        },
        Filter {
            name: "text",
            test: Test::Text(ANY_TEXT),
        },
        Filter {
            name: "name",
            test: Test::Text(&["name/components/*/value", "name/full"]),
        },
        Filter {
            name: "name/given",
            test: Test::Text(&["name/components/[kind=given]/value"]),
        },
        Filter {
            name: "name/surname",
            test: Test::Text(&["name/components/[kind=surname]/value"]),
        },
        Filter {
            name: "name/surname2",
            test: Test::Text(&["name/components/[kind=surname2]/value"]),
        },
        Filter {
            name: "nickname",
            test: Test::Text(&["nicknames/*/name"]),
        },
        Filter {
            name: "organization",
            test: Test::Text(&["organizations/*/name"]),
        },
        Filter {
            name: "email",
            test: Test::Text(&["emails/*/address", "emails/*/label"]),
        },
        Filter {
            name: "phone",
            test: Test::Text(&["phones/*/number", "phones/*/label"]),
        },
        Filter {
            name: "onlineService",
            test: Test::Text(&[
                "onlineServices/*/service",
                "onlineServices/*/uri",
                "onlineServices/*/user",
                "onlineServices/*/label",
            ]),
        },
        Filter {
            name: "address",
            test: Test::Text(&["addresses/*/components/*/value", "addresses/*/full"]),
        },
        Filter {
            name: "note",
            test: Test::Text(&["notes/*/note"]),
        },
    ],
    sorts: &[
        Sort {
            name: "created",
            path: "created",
            order: Order::Date,
        },
        Sort {
            name: "updated",
            path: "updated",
            order: Order::Date,
        },
        Sort {
            name: "name/given",
            path: "name/components/[kind=given]/value",
            order: Order::Text,
        },
        Sort {
            name: "name/surname",
            path: "name/components/[kind=surname]/value",
            order: Order::Text,
        },
        Sort {
            name: "name/surname2",
            path: "name/components/[kind=surname2]/value",
            order: Order::Text,
        },
    ],
    // RFC 9610 §3
    blobs: &["media/*/blobId", "localizations/**"],
    parse: Some(&contact_files::PARSE),
};

/// The text in a card: what a person would read on it, not its ids, kinds and types.
const ANY_TEXT: &[&str] = &[
    "name/full",
    "name/components/*/value",
    "nicknames/*/name",
    "organizations/*/name",
    "organizations/*/units/*/name",
    "titles/*/name",
    "emails/*/address",
    "emails/*/label",
    "onlineServices/*/service",
    "onlineServices/*/uri",
    "onlineServices/*/user",
    "onlineServices/*/label",
    "phones/*/number",
    "phones/*/label",
    "addresses/*/full",
    "addresses/*/components/*/value",
    "relatedTo/<keys>",
    "keywords/<keys>",
    "notes/*/note",
    "personalInfo/*/value",
    "personalInfo/*/label",
    "anniversaries/*/label",
    "anniversaries/*/place/full",
    "links/*/uri",
    "links/*/label",
    "directories/*/label",
    "calendars/*/label",
    "media/*/label",
    "localizations/**",
    // The value of a property without a place of its own (RFC 9555 §2.15.1).
    "vCardProps/*/3/**",
];

/// An AddressBook that nobody has described or shared.
#[derive(Clone, Copy, Debug)]
pub struct AddressBook<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub sort_order: u64,
    pub is_default: bool,
    /// Whether cards can be created, changed and destroyed in it.
    pub may_write: bool,
}

impl Record for AddressBook<'_> {
    fn id(&self) -> &str {
        self.id
    }

    fn emit(&self, selection: &Selection, out: &mut json::Writer) {
        out.begin_object();
        out.member("id", self.id);
        if selection.wants("name") {
            out.member("name", self.name);
        }
        if selection.wants("description") {
            out.key("description");
            out.null();
        }
        if selection.wants("sortOrder") {
            out.key("sortOrder");
            out.unsigned(self.sort_order);
        }
        if selection.wants("isDefault") {
            out.key("isDefault");
            out.boolean(self.is_default);
        }
        if selection.wants("isSubscribed") {
            out.key("isSubscribed");
            out.boolean(true);
        }
        if selection.wants("shareWith") {
            out.key("shareWith");
            out.null();
        }
        if selection.wants("myRights") {
            out.key("myRights");
            out.begin_object();
            for (right, is_given) in [
                ("mayRead", true),
                ("mayWrite", self.may_write),
                ("mayShare", false),
                ("mayDelete", false),
            ] {
                out.key(right);
                out.boolean(is_given);
            }
            out.end_object();
        }
        out.end_object();
    }
}

pub fn uid_of(card: &Object) -> Option<&str> {
    card.get("uid")?.as_str()
}

/// The books that a card says it is in.
pub fn books_of(card: &Object) -> Vec<&str> {
    let books = card.get("addressBookIds").and_then(Value::as_object);
    let books = books.into_iter().flatten();
    books.map(|(book, _)| book.as_str()).collect()
}

/// What is wrong with a card that is in books that there are not, or in too many.
pub fn no_such_books() -> StoreError {
    StoreError::Invalid {
        properties: vec!["addressBookIds".to_owned()],
        reason: "there are no such address books, or too many of them".to_owned(),
    }
}

/// The id and the uid of a card in its wire form.
#[derive(Deserialize)]
pub struct IdAndUid {
    pub id: String,
    pub uid: String,
}

impl IdAndUid {
    pub fn selection() -> Selection {
        Selection::of(["id", "uid"])
    }
}

/// Whether a selection asks for anything that only the stored card can tell, besides its UID.
pub fn wants_stored_card(selection: &Selection) -> bool {
    const HOST_MEMBERS: [&str; 4] = ["id", "addressBookIds", "updated", "uid"];
    selection.names().is_none_or(|names| {
        names
            .iter()
            .any(|name| !HOST_MEMBERS.contains(&name.as_str()))
    })
}

/// Whether a selection shows which uid a card has: there or, where its UID is that of another
/// card, among what is carried.
pub fn shows_uid(selection: &Selection) -> bool {
    selection.wants("uid") || selection.wants("vCardProps")
}
