//! From JMAP for Mail: Identity and what its capability obliges to (RFC 8621 §6, §7).

use super::{DataType, ID, Method, Property, plain};
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
        plain("identityId"),
        plain("emailId"),
        plain("threadId"),
        plain("envelope"),
        plain("sendAt"),
        plain("undoStatus"),
        plain("deliveryStatus"),
        plain("dsnBlobIds"),
        plain("mdnBlobIds"),
    ],
    is_extensible: false,
    filters: &[],
    sorts: &[],
};
