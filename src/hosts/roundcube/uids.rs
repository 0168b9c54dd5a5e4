//! What a card is called everywhere: its own UID, or one derived from its row.
//!
//! A uid is unique in an account (RFC 9610 §3), but Roundcube lets the same card be imported
//! twice. Then the row with the lowest id keeps the UID and the others get derived ones. A group
//! that has a UID keeps it before any contact, because it had it first: Roundcube imports the
//! card of a group as one more contact.

use super::cards;
use super::rows::octets;
use super::settings::Settings;
use crate::convert::uuid;
use crate::convert::vcard::Card;
use crate::db::Kind;
use crate::store::StoreError;
use sha1::{Digest, Sha1};
use std::borrow::Cow;
use std::collections::HashSet;
use xxhash_rust::xxh3::xxh3_128;

/// A longer UID names nothing that any client would resolve; it is carried as it is.
pub const MAX_UID_OCTETS: usize = 255;

/// The namespace of the derived UUIDs: one of our own, chosen at random.
const NAMESPACE: [u8; 16] = [
    0x8f, 0x2d, 0x0c, 0x57, 0x4e, 0x1b, 0x4b, 0x6a, 0x9c, 0x83, 0x5d, 0x1f, 0xe0, 0x72, 0xa9, 0x36,
];

/// Derives uids for the rows of one user of one installation.
pub struct Uids {
    /// Has digested all that these uids have in common.
    prefix: Sha1,
}

impl Uids {
    pub fn new(settings: &Settings) -> Self {
        let user_id = settings.user_id;
        Self {
            prefix: Sha1::new()
                .chain_update(NAMESPACE)
                .chain_update(&settings.instance)
                .chain_update([0])
                .chain_update(user_id.to_string())
                .chain_update([0]),
        }
    }

    /// Replaces `uid` by the one of the record with this id: a UUID of version 5
    /// (RFC 9562 §5.5) of the installation, the user and the id.
    pub fn derive(&self, id: &str, uid: &mut String) {
        let digest = self.prefix.clone().chain_update(id).finalize();
        uid.clear();
        uuid::write_urn(&digest, 5, uid);
    }
}

/// A uid for a new card: a UUID of version 4 (RFC 9562 §5.4).
pub fn random() -> Result<String, StoreError> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|error| StoreError::Backend(error.into()))?;
    let mut uid = String::new();
    uuid::write_urn(&octets, 4, &mut uid);
    Ok(uid)
}

/// The UID that the card has of its own, if it serves as a uid.
pub fn own<'c>(card: &'c Card<'_>) -> Option<Cow<'c, str>> {
    card.uid()
        .filter(|uid| (1..=MAX_UID_OCTETS).contains(&uid.len()))
}

/// The UID that a stored card has of its own, if it serves as a uid.
pub fn own_in(vcard: &[u8]) -> Option<Cow<'_, str>> {
    let place = place_of_uid(vcard)?;
    if let Some(plain) = plain_uid(vcard, place) {
        return Some(Cow::Borrowed(plain));
    }
    own(&cards::parse(vcard)).map(|uid| Cow::Owned(uid.into_owned()))
}

/// Where the letters UID stand first.
fn place_of_uid(vcard: &[u8]) -> Option<usize> {
    memchr::memchr2_iter(b'U', b'u', vcard).find(|at| {
        vcard
            .get(*at..at + 3)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"UID"))
    })
}

/// The UID at this place, if it is written as nearly all are: on one line, without
/// parameters, with nothing to decode, and not in a card inside the card.
fn plain_uid(vcard: &[u8], place: usize) -> Option<&str> {
    let (before, line) = vcard.split_at_checked(place)?;
    let is_nested = || {
        let begins = memchr::memchr_iter(b':', before)
            .filter_map(|at| before.get(at + 1..at + 6))
            .filter(|value| value.eq_ignore_ascii_case(b"VCARD"));
        begins.count() > 1
    };
    if !matches!(before, [] | [.., b'\n']) || is_nested() {
        return None;
    }
    let rest = line.strip_prefix(b"UID:")?;
    let end = memchr::memchr(b'\n', rest)?;
    if matches!(rest.get(end + 1), None | Some(b' ' | b'\t')) {
        return None;
    }
    let uid = rest.get(..end)?;
    let uid = uid.strip_suffix(b"\r").unwrap_or(uid);
    let is_plain = |octet: &u8| octet.is_ascii_graphic() && *octet != b'\\';
    if uid.len() > MAX_UID_OCTETS || uid.is_empty() || !uid.iter().all(is_plain) {
        return None;
    }
    std::str::from_utf8(uid).ok()
}

/// SQL for as much of a column of vCards as [`own_in`] needs; NULL where there is no UID.
///
/// Photos stay in the database that way: of a large card, only the line that begins with UID
/// is taken with some of what follows. A UID there that is written in another way costs the
/// whole card.
pub fn part_with_uid(kind: Kind, vcard: &str) -> String {
    // In SQL it costs more to find the place in a small card than to hand it over.
    const SMALL_OCTETS: usize = 4_000;
    // A UID that serves, with its parameters and folded, is not longer.
    const PART_OCTETS: usize = 1_000;
    let octets = octets(kind, vcard);
    let (like, line_begins, place, text) = match kind {
        Kind::Sqlite => (
            "LIKE",
            "'%' || char(10) || 'UID%'",
            format!("instr({vcard}, char(10) || 'UID')"),
            vcard.to_owned(),
        ),
        // As octets, because a collation does not see line breaks.
        Kind::Mysql => (
            "LIKE",
            "CONCAT('%', CHAR(10), 'UID%')",
            format!("LOCATE(CONCAT(CHAR(10), 'UID'), CAST({vcard} AS BINARY))"),
            format!("CAST({vcard} AS BINARY)"),
        ),
        Kind::Postgres => (
            "ILIKE",
            "'%' || chr(10) || 'UID%'",
            format!("position(chr(10) || 'UID' in {vcard})"),
            vcard.to_owned(),
        ),
    };
    format!(
        "CASE WHEN {octets} <= {SMALL_OCTETS} \
         THEN CASE WHEN {vcard} {like} '%UID%' THEN {text} END \
         WHEN {place} > 0 THEN substr({text}, {place} + 1, {PART_OCTETS}) \
         WHEN {vcard} {like} {line_begins} OR {vcard} {like} '%.UID%' OR {vcard} {like} 'UID%' \
         THEN {text} END"
    )
}

/// The uids of rows that are visited in the order of their keys.
#[derive(Default)]
pub struct Taken {
    uids: HashSet<u128>,
    /// The rows whose UID an earlier row has.
    pub repeated: HashSet<i64>,
}

impl Taken {
    /// No row is to have this UID.
    pub fn reserve(&mut self, uid: &str) {
        self.uids.insert(xxh3_128(uid.as_bytes()));
    }

    /// Whether the row is the first with this UID.
    pub fn take(&mut self, key: i64, uid: &str) -> bool {
        let is_first = self.uids.insert(xxh3_128(uid.as_bytes()));
        if !is_first {
            self.repeated.insert(key);
        }
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::{Uids, own_in};
    use crate::hosts::roundcube::settings::tests::settings;

    #[test]
    fn derived_uids_are_uuids_of_version_5() {
        let uids = Uids::new(&settings());
        let mut uid = "what was there before".to_owned();
        uids.derive("c17", &mut uid);
        // Python: uuid.uuid5(UUID("8f2d0c57-4e1b-4b6a-9c83-5d1fe072a936"), "mail.example.org\0" "7\0" "c17")
        assert_eq!(uid, "urn:uuid:79a35207-fe04-5ed3-b46b-d4d1ca8aece2");
    }

    #[test]
    fn derived_uids_differ_by_record_user_and_installation() {
        let derive = |settings: &super::Settings, id: &str| {
            let mut uid = String::new();
            Uids::new(settings).derive(id, &mut uid);
            uid
        };
        let mine = settings();
        let other_user = super::Settings {
            user_id: 8,
            ..settings()
        };
        let other_installation = super::Settings {
            instance: "mail.example.com".to_owned(),
            ..settings()
        };
        let uids = [
            derive(&mine, "c17"),
            derive(&mine, "g17"),
            derive(&other_user, "c17"),
            derive(&other_installation, "c17"),
        ];
        let distinct: std::collections::HashSet<_> = uids.iter().collect();
        assert_eq!(distinct.len(), uids.len(), "{uids:?}");
        assert_eq!(derive(&mine, "c17"), uids[0]);
    }

    #[test]
    fn own_uid_is_found_however_it_is_written() {
        for vcard in [
            "BEGIN:VCARD\r\nUID:x-1\r\nEND:VCARD",
            "begin:vcard\nuid:x-1\nend:vcard",
            "BEGIN:VCARD\r\nitem1.UID;VALUE=text:x-1\r\nEND:VCARD",
            "UID:x\r\n -1\r\n",
            "UID:x-1\r\nFN:A\r\n",
            "BEGIN:VCARD\r\nAGENT:\r\nBEGIN:VCARD\r\nUID:x-2\r\nEND:VCARD\r\nUID:x-1\r\nEND:VCARD",
        ] {
            assert_eq!(own_in(vcard.as_bytes()).as_deref(), Some("x-1"), "{vcard}");
        }
        assert_eq!(own_in(b"BEGIN:VCARD\r\nFN:UID\r\nEND:VCARD"), None);
        assert_eq!(own_in(b"UID:\r\nFN:A\r\n"), None);
        assert_eq!(own_in(format!("UID:{}", "x".repeat(256)).as_bytes()), None);
    }
}
