//! From JMAP for Mail: Identity and what its capability obliges to (RFC 8621 §6, §7).

use super::{DataType, Filter, ID, Ids, Method, Order, Property, Sort, Test, plain};
use crate::convert::address_list::EmailAddress;
use crate::json;
use crate::store::{Object, Record, Selection};
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

/// An Identity as a host knows it; signatures that there are none of are empty.
#[derive(Clone, Debug)]
pub struct Identity<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub email: &'a str,
    pub reply_to: Vec<EmailAddress>,
    pub bcc: Vec<EmailAddress>,
    pub text_signature: &'a str,
    pub html_signature: &'a str,
    pub may_delete: bool,
}

impl Identity<'_> {
    /// Whether a selection needs the plain text signature to be known.
    pub fn wants_text_signature(selection: &Selection) -> bool {
        selection.wants("textSignature")
    }
}

impl Record for Identity<'_> {
    fn id(&self) -> &str {
        self.id
    }

    fn emit(&self, selection: &Selection, out: &mut json::Writer) {
        out.begin_object();
        out.member("id", self.id);
        for (property, text) in [
            ("name", self.name),
            ("email", self.email),
            ("textSignature", self.text_signature),
            ("htmlSignature", self.html_signature),
        ] {
            if selection.wants(property) {
                out.member(property, text);
            }
        }
        for (property, addresses) in [("replyTo", &self.reply_to), ("bcc", &self.bcc)] {
            if selection.wants(property) {
                out.key(property);
                emit_addresses(addresses, out);
            }
        }
        if selection.wants("mayDelete") {
            out.key("mayDelete");
            out.boolean(self.may_delete);
        }
        out.end_object();
    }
}

/// EmailAddress objects (RFC 8621 §4.1.2.3); `null` when there are none.
fn emit_addresses(addresses: &[EmailAddress], out: &mut json::Writer) {
    if addresses.is_empty() {
        return out.null();
    }
    out.begin_array();
    for address in addresses {
        out.begin_object();
        out.key("name");
        match &address.name {
            Some(name) => out.string(name),
            None => out.null(),
        }
        out.member("email", &address.email);
        out.end_object();
    }
    out.end_array();
}
