//! Cards in files: what `ContactCard/parse` reads, under a capability of our own.
//!
//! Other data types have a `/parse` of the standard (CalendarEvent, Email); RFC 9610 has none
//! for cards, so that a client would need a vCard reader to import a file. This one is like
//! those, but for what a file of 10,000 cards needs.
//!
//! # The capability
//! The session's `capabilities` hold `https://openxport.org/ns/contacts-parse` with an empty
//! object, and so do those of each account with cards, with these members:
//!
//! - `maxSizeCard`: the most octets that one vCard in a file may have.
//!
//! # `ContactCard/parse`
//! Arguments:
//!
//! - `accountId`: `Id`
//! - `blobIds`: `Id[]`, of files with vCards, 2.1, 3.0 or 4.0, one or many in each
//! - `properties`: `String[]|null`, those of ContactCard that are wanted; all by default
//! - `position`: `UnsignedInt`, how many items of each file are passed over; 0 by default
//! - `limit`: `UnsignedInt|null`, how many items of each file are looked into; by default, and
//!   at most, `maxObjectsInGet`
//! - `charset`: `String|null`, how text is encoded that says nothing of it and is no UTF-8, by
//!   the names of the WHATWG's Encoding Standard. By default it is the `charset` of the blob's
//!   media type, and Windows-1252 where that has none. UTF-16 is known by its octets.
//!
//! An *item* is a card, or a place in the file that is none. The answer has `accountId` and
//!
//! - `parsed`: `Id[File]|null`, for each file with a card in it, whole or not
//! - `notFound`: `Id[]|null`, blobs that there are not
//! - `notParsable`: `Id[]|null`, blobs without any card
//!
//! and a File has
//!
//! - `list`: `ContactCard[]`, without `id` and `addressBookIds` and otherwise as
//!   `ContactCard/set` takes them to create them. A card without a usable UID gets a `uid` that
//!   is derived from what it says, and so is the same each time: who imports a file twice finds
//!   the cards there. Media inside a card have a `blobId`, which may be used wherever one may,
//!   as long as the file itself is there; no octets of theirs are in the answer. In
//!   `vCardProps`, `{}` says that there are no parameters, and `[]` says nothing: a client
//!   must not turn one into the other, as PHP's arrays do.
//! - `errors`: `Error[]`, the items that are no cards
//! - `warnings`: `Error[]`, cards in `list` that have lost characters
//! - `position`: the argument
//! - `total`: `UnsignedInt`, how many items the whole file has
//!
//! The items of one answer are its `list` and its `errors`: those of all pages together are
//! `total`. An Error has `position`, the number of the item, `line`, where that begins in the
//! file, both `UnsignedInt`, a `description` in words, and `type`:
//!
//! - `notTerminated`: there is no END
//! - `tooLarge`: it is larger than `maxSizeCard`
//! - `unrecognized`: lines that are in no card
//! - `encodingProblem`: octets that are not in the encoding that the text is in

use super::parse::{FileRecord, Parse, Search};
use crate::convert::transcode;
use crate::convert::uuid;
use crate::convert::vcard::{Card, HostMembers, PROGRAMS};
use crate::json::Writer;
use crate::store::{Contents, Object, Selection};
use memchr::memmem;
use xxhash_rust::xxh3::xxh3_64;

pub const PARSE_CAPABILITY: &str = "https://openxport.org/ns/contacts-parse";

/// A longer one names nothing that anybody would resolve (RFC 8620 §1.2 for ids).
const MAX_UID_OCTETS: usize = 255;

const MAX_CARD_OCTETS: usize = 10_000_000;

/// The namespace of the derived uids: one of our own, chosen at random.
const NAMESPACE: [u8; 16] = [
    0x1e, 0x6b, 0x0f, 0x0a, 0xd3, 0x52, 0x4c, 0x3f, 0x9b, 0x64, 0x27, 0x8a, 0xc5, 0x71, 0xe8, 0x0d,
];

/// How cards are read out of files.
pub const PARSE: Parse = Parse {
    capability: PARSE_CAPABILITY,
    account_capability: || Object::from_iter([("maxSizeCard".to_owned(), MAX_CARD_OCTETS.into())]),
    search: Search {
        name: "VCARD",
        // vCard 2.1 has the card of a person's agent inside that person's.
        nesting: "AGENT",
        max_octets: MAX_CARD_OCTETS,
    },
    emit,
    embedded,
};

fn emit(record: &FileRecord<'_>, selection: &Selection, out: &mut Writer) -> bool {
    let text = record.text;
    let decoded = match record.charset {
        Some(charset) => transcode::from_encoding(text, charset),
        None => text.into(),
    };
    let card = Card::parse(&decoded, &PROGRAMS);
    let own_uid = card.uid();
    let own_uid = own_uid.filter(|uid| (1..=MAX_UID_OCTETS).contains(&uid.len()));
    let derived = match own_uid {
        Some(_) => String::new(),
        None => uuid::urn(&NAMESPACE, text),
    };
    let host = HostMembers {
        id: "",
        address_book_ids: &[],
        uid: &derived,
        is_uid_taken: own_uid.is_none(),
        updated: None,
        created: None,
        blob_id: &|key, _| (record.blob_id)(media(key)),
    };
    let mark = out.mark();
    card.emit(&host, selection, out);
    const LOST: &[u8] = "\u{FFFD}".as_bytes();
    memmem::find(out.value_since(mark), LOST).is_some() && memmem::find(text, LOST).is_none()
}

fn embedded(text: &[u8], wanted: u64) -> Option<Contents> {
    let card = Card::parse(text, &PROGRAMS);
    let (key, _) = card.media_keys().find(|(key, _)| media(key) == wanted)?;
    card.media(&key)
}

/// What stands for a key in `media`, which may be long itself.
fn media(key: &str) -> u64 {
    xxh3_64(key.as_bytes())
}
