//! Cards from rows: Roundcube's stored vCard, or one made of columns where there is none.

use super::dialect::ROUNDCUBE;
use super::rows::parse_key;
use crate::convert::vcard::{self, Card, HostMembers};
use crate::json;
use crate::store::{Contents, Id, Record, Selection};
use xxhash_rust::xxh3::xxh3_128;

/// What the ids of blobs inside the cards of contacts and of groups begin with.
pub const OF_CONTACT: char = 'p';
pub const OF_GROUP: char = 'q';

/// A row as a record, alive as long as its page.
pub struct CardRecord<'r> {
    pub id: &'r str,
    pub address_book_id: &'r str,
    /// For a card without a UID of its own.
    pub uid: &'r str,
    /// An earlier row has the card's UID.
    pub is_uid_taken: bool,
    /// A UTCDate.
    pub updated: Option<&'r str>,
    /// Empty when nothing of it was asked for.
    pub vcard: &'r [u8],
    /// The row has no vCard: this one was made of its columns.
    pub is_made: bool,
    /// The key of the row, which the ids of embedded blobs name too.
    pub key: i64,
}

impl Record for CardRecord<'_> {
    fn id(&self) -> &str {
        self.id
    }

    fn plain_text(&self) -> Option<&str> {
        (!self.vcard.is_empty())
            .then(|| vcard::plain_text(self.vcard))
            .flatten()
    }

    fn emit(&self, selection: &Selection, out: &mut json::Writer) {
        let host = HostMembers {
            id: self.id,
            address_book_ids: &[self.address_book_id],
            uid: self.uid,
            is_uid_taken: self.is_uid_taken,
            updated: self.updated,
            created: None,
            blob_id: &|media, digest| blob_id(OF_CONTACT, self.key, media, digest),
        };
        parse(self.vcard).emit(&host, selection, out);
    }
}

/// The id of what is embedded under this key in `media`, with a digest of its octets. Another
/// digest stands for a key that would make the id longer than ids are (RFC 8620 §1.2).
pub fn blob_id(letter: char, key: i64, media: &str, digest: u64) -> String {
    let of_octets = format!("{letter}{key}-{digest:016x}");
    let id = format!("{of_octets}-{media}");
    match Id::new(id.as_str()) {
        Some(_) => id,
        None => format!("{of_octets}_{:032x}", xxh3_128(media.as_bytes())),
    }
}

/// The row of which a blob id speaks.
pub fn blob_row(letter: char, blob: &Id) -> Option<i64> {
    let (key, _) = blob.as_str().strip_prefix(letter)?.split_once('-')?;
    parse_key(key)
}

/// What of the row's vCard a blob id speaks of.
pub fn blob_contents(vcard: &[u8], letter: char, row: i64, blob: &Id) -> Option<Contents> {
    let card = parse(vcard);
    let (media, _) = card
        .media_keys()
        .find(|(media, digest)| blob_id(letter, row, media, *digest) == blob.as_str())?;
    card.media(&media)
}

pub fn parse(text: &[u8]) -> Card<'_> {
    Card::parse(text, &ROUNDCUBE)
}

/// The columns of a person who has no vCard, in whatever encoding they are.
#[derive(Default)]
pub struct Columns<'r> {
    pub name: &'r [u8],
    pub first_name: &'r [u8],
    pub surname: &'r [u8],
    /// Separated by commas.
    pub emails: &'r [u8],
}

impl Columns<'_> {
    /// Replaces `vcard` by one that says what the columns say.
    pub fn write_vcard(&self, vcard: &mut Vec<u8>) {
        vcard.clear();
        if !self.name.is_empty() {
            vcard.extend(b"FN:");
            escape(self.name, vcard);
            vcard.extend(b"\r\n");
        }
        if !self.surname.is_empty() || !self.first_name.is_empty() {
            vcard.extend(b"N:");
            escape(self.surname, vcard);
            vcard.push(b';');
            escape(self.first_name, vcard);
            vcard.extend(b";;;\r\n");
        }
        let emails = self.emails.split(|octet| *octet == b',');
        for email in emails
            .map(<[u8]>::trim_ascii)
            .filter(|email| !email.is_empty())
        {
            vcard.extend(b"EMAIL:");
            escape(email, vcard);
            vcard.extend(b"\r\n");
        }
    }
}

/// Escapes a text value (RFC 6350 §3.4), and a line break in whatever form.
fn escape(text: &[u8], vcard: &mut Vec<u8>) {
    for octet in text {
        match octet {
            b'\\' | b',' | b';' => vcard.extend([b'\\', *octet]),
            b'\n' => vcard.extend(b"\\n"),
            b'\r' => {}
            _ => vcard.push(*octet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;

    #[test]
    fn columns_become_a_vcard() {
        let columns = Columns {
            name: b"Dr. M\xfcller; Zo\xc3\xab",
            first_name: b"Zo\xc3\xab",
            surname: b"M\xfcller",
            emails: b"zoe@example.org, , z@example.com",
        };
        let mut vcard = b"what was there before".to_vec();
        columns.write_vcard(&mut vcard);
        assert_eq!(
            vcard,
            b"FN:Dr. M\xfcller\\; Zo\xc3\xab\r\n\
              N:M\xfcller;Zo\xc3\xab;;;\r\n\
              EMAIL:zoe@example.org\r\n\
              EMAIL:z@example.com\r\n"
        );
    }
}
