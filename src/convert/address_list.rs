//! Lists of mail addresses as people type them: `Ann <ann@example.org>; bob@example.org`.

/// A mail address with the name that stands beside it (RFC 8621 §4.1.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress {
    /// `None` when no name is given.
    pub name: Option<String>,
    pub email: String,
}

/// Reads the addresses of a text, separated by commas or semicolons.
///
/// An entry without an address is kept as it is, in `email`, so that nothing is lost.
pub fn parse(text: &str) -> Vec<EmailAddress> {
    split(text)
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(parse_entry)
        .collect()
}

fn parse_entry(entry: &str) -> EmailAddress {
    let (name, email) = match entry.rsplit_once('<') {
        Some((name, address)) => (name, address.trim_end_matches('>')),
        None => ("", entry),
    };
    let (name, email) = (unquote(name.trim()), email.trim());
    if email.is_empty() {
        return EmailAddress {
            name: None,
            email: entry.to_owned(),
        };
    }
    EmailAddress {
        name: (!name.is_empty()).then_some(name),
        email: email.to_owned(),
    }
}

/// Writes addresses so that [`parse`] reads them again, as a header field has them
/// (RFC 5322 §3.4); a name is quoted where it must be.
pub fn write(addresses: &[EmailAddress]) -> String {
    let entries: Vec<_> = addresses.iter().map(write_entry).collect();
    entries.join(", ")
}

fn write_entry(address: &EmailAddress) -> String {
    let Some(name) = &address.name else {
        return address.email.clone();
    };
    let is_plain =
        |letter: char| letter.is_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(letter);
    let name = match name.chars().all(is_plain) && name.trim() == name {
        true => name.clone(),
        false => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
    };
    format!("{name} <{}>", address.email)
}

/// The entries between separators that stand in no quotes and no angle brackets.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let mut is_address = false;
    let mut is_escaped = false;
    text.split(move |character| {
        if std::mem::take(&mut is_escaped) {
            return false;
        }
        match character {
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            '<' if !is_quoted => is_address = true,
            '>' if !is_quoted => is_address = false,
            ',' | ';' => return !is_quoted && !is_address,
            _ => {}
        }
        false
    })
}

/// The content of a quoted string (RFC 5322 §3.2.4), or the text as it is.
fn unquote(text: &str) -> String {
    let Some(quoted) = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    else {
        return text.to_owned();
    };
    let mut unquoted = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => unquoted.extend(characters.next()),
            _ => unquoted.push(character),
        }
    }
    unquoted
}

#[cfg(test)]
mod tests {
    use super::{EmailAddress, parse, write};

    fn pairs(text: &str) -> Vec<(Option<String>, String)> {
        parse(text)
            .into_iter()
            .map(|address| (address.name, address.email))
            .collect()
    }

    fn named(name: &str, email: &str) -> (Option<String>, String) {
        (Some(name.to_owned()), email.to_owned())
    }

    fn bare(email: &str) -> (Option<String>, String) {
        (None, email.to_owned())
    }

    #[test]
    fn addresses_stand_with_and_without_a_name() {
        assert_eq!(
            pairs(
                r#"Ann Lee <ann@example.org>, bob@example.org;"Doe, J. \"JD\"" <jd@example.org>"#
            ),
            [
                named("Ann Lee", "ann@example.org"),
                bare("bob@example.org"),
                named(r#"Doe, J. "JD""#, "jd@example.org"),
            ]
        );
        assert_eq!(
            pairs(r#""Lee\", Ann" <ann@example.org>, Bob <b;ob@example.org>"#),
            [
                named(r#"Lee", Ann"#, "ann@example.org"),
                named("Bob", "b;ob@example.org"),
            ]
        );
        assert_eq!(pairs("<ann@example.org>"), [bare("ann@example.org")]);
        assert_eq!(pairs(" , ; "), []);
    }

    #[test]
    fn odd_entries_are_kept() {
        assert_eq!(
            pairs("Ann <ann@example.org"),
            [named("Ann", "ann@example.org")]
        );
        assert_eq!(pairs("no address"), [bare("no address")]);
        assert_eq!(pairs("Nobody <>"), [bare("Nobody <>")]);
        assert_eq!(pairs("\"open, quote"), [bare("\"open, quote")]);
        assert_eq!(pairs("\"a,b\"@example.org"), [bare("\"a,b\"@example.org")]);
    }

    #[test]
    fn addresses_that_are_written_read_as_they_were() {
        for (name, text) in [
            (None, "a@example.org"),
            (Some("Zoë O'Neil-Ray"), "Zoë O'Neil-Ray <a@example.org>"),
            (Some("Doe, J."), "\"Doe, J.\" <a@example.org>"),
            (Some("a \"b\" \\c"), r#""a \"b\" \\c" <a@example.org>"#),
            (
                Some(" <x@example.org>; "),
                "\" <x@example.org>; \" <a@example.org>",
            ),
        ] {
            let addresses = vec![EmailAddress {
                name: name.map(str::to_owned),
                email: "a@example.org".to_owned(),
            }];
            assert_eq!(write(&addresses), text);
            let twice = [addresses.clone(), addresses].concat();
            assert_eq!(parse(&write(&twice)), twice, "{text}");
        }
    }
}
