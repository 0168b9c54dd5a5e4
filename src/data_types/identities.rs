//! Identity objects (RFC 8621 §6) from and for hosts that keep them in columns.

use crate::convert::address_list::{self, EmailAddress};
use crate::json;
use crate::store::{Object, Record, Selection, StoreError};
use serde_json::Value;

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
        selection.wants(TEXT_SIGNATURE)
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
            (NAME, self.name),
            (EMAIL, self.email),
            (TEXT_SIGNATURE, self.text_signature),
            (HTML_SIGNATURE, self.html_signature),
        ] {
            if selection.wants(property) {
                out.member(property, text);
            }
        }
        for (property, addresses) in [(REPLY_TO, &self.reply_to), (BCC, &self.bcc)] {
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

pub const NAME: &str = "name";
pub const EMAIL: &str = "email";
pub const REPLY_TO: &str = "replyTo";
pub const BCC: &str = "bcc";
pub const TEXT_SIGNATURE: &str = "textSignature";
pub const HTML_SIGNATURE: &str = "htmlSignature";

/// What a client says of an Identity, as columns can hold it; `None` where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityContent {
    pub name: Option<String>,
    pub email: Option<String>,
    /// As the text of a header field.
    pub reply_to: Option<String>,
    pub bcc: Option<String>,
    pub text_signature: Option<String>,
    pub html_signature: Option<String>,
}

impl IdentityContent {
    /// # Errors
    /// `Invalid` names all properties that are of the wrong type, or that would put a line of
    /// their own into the header of a message.
    pub fn of(identity: &Object) -> Result<Self, StoreError> {
        let mut invalid = Vec::new();
        let mut take = |property: &str, read: fn(&Value) -> Option<String>| {
            let value = identity.get(property)?;
            let read = read(value);
            if read.is_none() {
                invalid.push(property.to_owned());
            }
            read
        };
        let content = Self {
            name: take(NAME, header_text),
            email: take(EMAIL, header_text),
            reply_to: take(REPLY_TO, addresses),
            bcc: take(BCC, addresses),
            text_signature: take(TEXT_SIGNATURE, body_text),
            html_signature: take(HTML_SIGNATURE, body_text),
        };
        match invalid.is_empty() {
            true => Ok(content),
            false => Err(StoreError::Invalid {
                properties: invalid,
                reason: "of the wrong type, or with characters that cannot stand there".to_owned(),
            }),
        }
    }

    /// The content that makes of one Identity the other.
    ///
    /// # Errors
    /// As [`Self::of`], for what differs.
    pub fn that_changes(before: &Object, after: &Object) -> Result<Self, StoreError> {
        let differs = |(name, value): &(&String, &Value)| before.get(*name) != Some(*value);
        let changed = after.iter().filter(differs);
        Self::of(
            &changed
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// Whether it says nothing but signatures.
    pub fn is_signatures_alone(&self) -> bool {
        let others = [&self.name, &self.email, &self.reply_to, &self.bcc];
        others.iter().all(|said| said.is_none())
    }
}

fn header_text(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    (!text.contains(char::is_control)).then(|| text.to_owned())
}

fn body_text(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let is_odd = |letter: char| letter.is_control() && !['\n', '\r', '\t'].contains(&letter);
    (!text.contains(is_odd)).then(|| text.to_owned())
}

/// EmailAddress objects as the text of a header field that reads as they do.
fn addresses(value: &Value) -> Option<String> {
    if value.is_null() {
        return Some(String::new());
    }
    let list: Option<Vec<_>> = value.as_array()?.iter().map(address).collect();
    let list = list?;
    let text = address_list::write(&list);
    (address_list::parse(&text) == list).then_some(text)
}

fn address(value: &Value) -> Option<EmailAddress> {
    let address = value.as_object()?;
    let is_known = |key: &String| ["name", "email"].contains(&key.as_str());
    if !address.keys().all(is_known) {
        return None;
    }
    let name = match address.get("name") {
        None | Some(Value::Null) => None,
        Some(name) => Some(header_text(name)?),
    };
    let email = header_text(address.get("email")?)?;
    // Where it stands bare, others would read two addresses, or a name and an address.
    let is_one = !email.contains(|letter: char| letter.is_whitespace() || "<>,;".contains(letter));
    is_one.then_some(EmailAddress {
        name: name.filter(|name| !name.is_empty()),
        email,
    })
}

#[cfg(test)]
mod tests {
    use super::IdentityContent;
    use crate::store::StoreError;
    use serde_json::{Value, json};

    fn of(identity: Value) -> Result<IdentityContent, StoreError> {
        IdentityContent::of(identity.as_object().expect("it is an object"))
    }

    #[test]
    fn identity_content_writes_addresses_as_a_header_has_them() {
        let content = of(json!({
            "email": "a@example.org",
            "replyTo": [{"name": "Doe, \"J\"", "email": "j@example.org"},
                {"name": "", "email": "k@example.org"}, {"email": "l@example.org"}],
            "bcc": null,
        }));
        let content = content.expect("it fits");
        assert_eq!(
            content.reply_to.as_deref(),
            Some(r#""Doe, \"J\"" <j@example.org>, k@example.org, l@example.org"#)
        );
        assert_eq!(content.bcc.as_deref(), Some(""));
    }

    #[test]
    fn identity_content_refuses_what_would_forge_a_header_and_names_it() {
        for (property, value) in [
            ("name", json!("Ann\r\nBcc: x@example.org")),
            ("name", json!("Ann\u{85}")),
            ("name", json!(7)),
            ("email", json!("a@example.org\nX: y")),
            ("replyTo", json!([{"email": "a@example.org\r\nX: y"}])),
            (
                "replyTo",
                json!([{"name": "A\r\nX: y", "email": "a@example.org"}]),
            ),
            (
                "replyTo",
                json!([{"name": null, "email": "a@example.org, b@example.org"}]),
            ),
            (
                "replyTo",
                json!([{"name": "A", "email": "b c@example.org"}]),
            ),
            ("replyTo", json!([{"name": "A"}])),
            ("replyTo", json!([{"email": ""}])),
            ("bcc", json!({"email": "a@example.org"})),
            ("bcc", json!([{"email": "a@example.org", "x": 1}])),
            ("textSignature", json!("a\u{0}")),
            ("htmlSignature", json!(["<b>"])),
        ] {
            let mut identity = json!({"email": "a@example.org"});
            identity[property] = value;
            match of(identity.clone()) {
                Err(StoreError::Invalid { properties, .. }) => assert_eq!(properties, [property]),
                other => panic!("{identity}: {other:?}"),
            }
        }
    }
}
