//! From JMAP for Mail: Identity's declaration and what its capability obliges to (RFC 8621 §6, §7).

use super::{DataType, Filter, ID, Ids, Method, Order, Property, Sort, Test, plain};
use crate::store::Object;
use serde_json::{Value, json};

pub const SUBMISSION_CAPABILITY: &str = "urn:ietf:params:jmap:submission";

/// What an account tells of itself under the capability (RFC 8621 §1.3.2): nothing is sent
/// later, and no extension of SMTP is on offer.
pub fn submission_account_capability() -> Object {
    Object::from_iter([
        ("maxDelayedSend".to_owned(), json!(0)),
        ("submissionExtensions".to_owned(), json!({})),
    ])
}

/// An address that the user may send from, with its signature (RFC 8621 §6).
pub const IDENTITY: DataType = DataType {
    name: "Identity",
    capability: SUBMISSION_CAPABILITY,
    methods: &[Method::Get, Method::Changes, Method::Set],
    properties: &[
        ID,
        Property {
            default: Some(|| json!("")),
            ..plain("name")
        },
        Property {
            is_immutable: true,
            is_mandatory: true,
            ..plain("email")
        },
        Property {
            default: Some(|| Value::Null),
            ..plain("replyTo")
        },
        Property {
            default: Some(|| Value::Null),
            ..plain("bcc")
        },
        Property {
            default: Some(|| json!("")),
            ..plain("textSignature")
        },
        Property {
            default: Some(|| json!("")),
            ..plain("htmlSignature")
        },
        Property {
            is_server_set: true,
            ..plain("mayDelete")
        },
    ],
    is_extensible: false,
    filters: &[],
    sorts: &[],
    blobs: &[],
    parse: None,
};

/// A message handed in for sending (RFC 8621 §7). No host keeps any; whoever advertises
/// identities must answer for them all the same.
pub const EMAIL_SUBMISSION: DataType = DataType {
    name: "EmailSubmission",
    capability: SUBMISSION_CAPABILITY,
    methods: &[
        Method::Get,
        Method::Changes,
        Method::Set,
        Method::Query,
        Method::QueryChanges,
    ],
    properties: &[
        ID,
        Property {
            ids: Ids::Value,
            ..plain("identityId")
        },
        Property {
            ids: Ids::Value,
            ..plain("emailId")
        },
        Property {
            ids: Ids::Value,
            ..plain("threadId")
        },
        plain("envelope"),
        plain("sendAt"),
        plain("undoStatus"),
        plain("deliveryStatus"),
        plain("dsnBlobIds"),
        plain("mdnBlobIds"),
    ],
    is_extensible: false,
    // RFC 8621 §7.3
    filters: &[
        Filter {
            name: "identityIds",
            test: Test::OneOf("identityId"),
        },
        Filter {
            name: "emailIds",
            test: Test::OneOf("emailId"),
        },
        Filter {
            name: "threadIds",
            test: Test::OneOf("threadId"),
        },
        Filter {
            name: "undoStatus",
            test: Test::Equals("undoStatus"),
        },
        Filter {
            name: "before",
            test: Test::Before("sendAt"),
        },
        Filter {
            name: "after",
            test: Test::NotBefore("sendAt"),
        },
    ],
    sorts: &[
        Sort {
            name: "emailId",
            path: "emailId",
            order: Order::Text,
        },
        Sort {
            name: "threadId",
            path: "threadId",
            order: Order::Text,
        },
        Sort {
            name: "sentAt",
            path: "sendAt",
            order: Order::Date,
        },
    ],
    blobs: &[],
    parse: None,
};
