//! Collected recipients and trusted senders: addresses that Roundcube has gathered by itself.

use super::address_books;
use super::cards::{CardRecord, Columns};
use super::dates::{changed_utc, write_utc_date};
use super::digest::Digest;
use super::evidence::{self, Traces};
use super::rows::{Keys, Query, Tables, VisitRow, row_key, write_id};
use super::settings::Source;
use super::uids::Uids;
use crate::db::Param;
use crate::store::{Id, StoreError, Version, Visit, Wanted};
use std::rc::Rc;

/// One of the books that `collected_addresses` holds.
#[derive(Clone, Copy)]
struct Book {
    source: Source,
    letter: char,
    /// In the column of this name.
    kind: i64,
}

const BOOKS: [Book; 2] = [
    Book {
        source: Source::CollectedRecipients,
        letter: 'r',
        kind: 1,
    },
    Book {
        source: Source::TrustedSenders,
        letter: 't',
        kind: 2,
    },
];

pub struct Collected<'a> {
    tables: Rc<Tables<'a>>,
    uids: Rc<Uids>,
}

impl<'a> Collected<'a> {
    pub fn new(tables: Rc<Tables<'a>>, uids: Rc<Uids>) -> Self {
        Self { tables, uids }
    }

    /// The books that this Roundcube shows.
    fn books(&self) -> impl Iterator<Item = Book> {
        BOOKS
            .into_iter()
            .filter(|book| self.tables.settings.has(book.source))
    }

    /// Adds the traces of the addresses and says how many there are.
    pub fn add_evidence(&self, digest: &mut Digest) -> Result<u64, StoreError> {
        self.books().try_fold(0, |count, book| {
            let traces = Traces {
                from: &format!("{} WHERE user_id = ? AND type = ?", self.table()),
                params: &[self.tables.user(), Param::Integer(book.kind)],
                key: &["address_id"],
                changed: "changed",
            };
            let add_fresh = |digest: &mut Digest, since: &str| {
                self.rows(book, "changed", &Keys::All, Some(since), &mut |row| {
                    digest.add_cells(row, 0..4);
                    Ok(())
                })
            };
            Ok(count + evidence::add(digest, &self.tables, traces, &add_fresh)?)
        })
    }

    pub fn versions(
        &self,
        visit: &mut dyn FnMut(&str, Version) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut id = String::new();
        self.books().try_for_each(|book| {
            self.rows(book, "changed", &Keys::All, None, &mut |row| {
                let mut digest = Digest::default();
                digest.add_cells(row, 1..4);
                write_id(&mut id, book.letter, row_key(row, 0)?);
                visit(&id, Version(digest.finish()))
            })
        })
    }

    /// Whether there is an address of this id.
    pub fn has(&self, id: &Id) -> Result<bool, StoreError> {
        let mut is_there = false;
        let wanted = [id.clone()];
        self.read(Wanted::Ids(&wanted), &mut |_| {
            is_there = true;
            Ok(())
        })?;
        Ok(is_there)
    }

    pub fn read(&self, wanted: Wanted<'_>, visit: Visit<'_>) -> Result<(), StoreError> {
        let changed = changed_utc(self.tables.database.kind());
        let (mut id, mut uid, mut updated) = (String::new(), String::new(), String::new());
        let mut vcard = Vec::new();
        self.books().try_for_each(|book| {
            let keys = Keys::of(wanted, book.letter);
            self.rows(book, changed, &keys, None, &mut |row| {
                let key = row_key(row, 0)?;
                write_id(&mut id, book.letter, key);
                self.uids.derive(&id, &mut uid);
                let has_updated = write_utc_date(row.cell(1), &mut updated);
                let columns = Columns {
                    name: &row.cell(2).octets(),
                    emails: &row.cell(3).octets(),
                    ..Columns::default()
                };
                columns.write_vcard(&mut vcard);
                visit(&CardRecord {
                    id: &id,
                    address_book_id: address_books::id(book.source),
                    uid: &uid,
                    is_uid_taken: false,
                    updated: has_updated.then_some(&updated),
                    vcard: &vcard,
                    is_made: true,
                    key,
                })
            })
        })
    }

    /// Visits rows of: key, changed in these words, name, email; all or those since a time.
    fn rows(
        &self,
        book: Book,
        changed: &str,
        keys: &Keys,
        since: Option<&str>,
        visit: VisitRow<'_>,
    ) -> Result<(), StoreError> {
        let mut params = vec![self.tables.user(), Param::Integer(book.kind)];
        params.extend(since.map(Param::Text));
        let query = Query {
            select: &format!(
                "SELECT address_id, {changed}, name, email FROM {} \
                 WHERE user_id = ? AND type = ?{}",
                self.table(),
                since.map_or("", |_| " AND changed >= ?")
            ),
            params: &params,
            key: &["address_id"],
        };
        self.tables.read(query, keys, visit)
    }

    fn table(&self) -> &str {
        &self.tables.settings.tables.collected_addresses
    }
}
