//! JMAP for Contacts: AddressBook and ContactCard (RFC 9610).

use super::{DataType, Filter, ID, Ids, Method, Property, Sort, Test, plain};
use crate::store::Object;
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
            test: Test::HasKey("addressBookIds"),
        },
        Filter {
            name: "uid",
            test: Test::Equals("uid"),
        },
        Filter {
            name: "hasMember",
            test: Test::HasKey("members"),
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
            test: Test::AnyText,
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
        },
        Sort {
            name: "updated",
            path: "updated",
        },
        Sort {
            name: "name/given",
            path: "name/components/[kind=given]/value",
        },
        Sort {
            name: "name/surname",
            path: "name/components/[kind=surname]/value",
        },
        Sort {
            name: "name/surname2",
            path: "name/components/[kind=surname2]/value",
        },
    ],
};
