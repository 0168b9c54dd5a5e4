//! The contacts of the personal address book.

use super::address_books;
use super::cards::{self, CardRecord, Columns};
use super::carried::Carried;
use super::dates::{changed_utc, write_utc_date};
use super::digest::Digest;
use super::evidence::{self, Traces};
use super::groups;
use super::hooks::Hooks;
use super::rows::{Keys, Query, Tables, VisitRow, octets, row_key, write_id};
use super::settings::Source;
use super::uids::{self, Taken, Uids};
use crate::data_types::contacts::{shows_uid, wants_stored_card};
use crate::db::{Cell, Kind, Param, Row};
use crate::store::{Contents, Id, Selection, StoreError, Version, Visit};
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

pub const LETTER: char = 'c';

const VCARD: &str = "vcard";

/// How many repeated rows are remembered from one request to the next.
const MAX_LEARNT: usize = 8_000;

/// What is remembered begins with it; another form needs another one.
const LEARNT: u8 = 1;

/// A card with more is fetched alone, so that a page of photos takes no more memory than
/// this for each row.
const MAX_OCTETS_IN_PAGE: usize = 16_000;

/// What a record is made of: the vCard or, where there is none, the columns that say less. A
/// line break in a name is none of the name.
fn content(kind: Kind) -> [&'static str; 2] {
    let columns = match kind {
        Kind::Sqlite => {
            "CASE WHEN vcard > '' THEN NULL ELSE replace(name, char(10), ' ') || char(10) \
             || replace(firstname, char(10), ' ') || char(10) \
             || replace(surname, char(10), ' ') || char(10) || email END"
        }
        Kind::Mysql => {
            "CASE WHEN vcard > '' THEN NULL ELSE CONCAT(REPLACE(name, CHAR(10), ' '), CHAR(10), \
             REPLACE(firstname, CHAR(10), ' '), CHAR(10), \
             REPLACE(surname, CHAR(10), ' '), CHAR(10), email) END"
        }
        Kind::Postgres => {
            "CASE WHEN vcard > '' THEN NULL ELSE replace(name, chr(10), ' ') || chr(10) \
             || replace(firstname, chr(10), ' ') || chr(10) \
             || replace(surname, chr(10), ' ') || chr(10) || email END"
        }
    };
    [VCARD, columns]
}

/// The contacts of one user.
pub struct Contacts<'a> {
    pub tables: Rc<Tables<'a>>,
    uids: Rc<Uids>,
    /// What is carried of groups, whose uids are none of a contact's.
    of_groups: Carried<'a>,
    /// The rows whose UID an earlier row has, once it is known.
    repeated: RefCell<Option<HashSet<i64>>>,
    pub hooks: Hooks,
}

impl<'a> Contacts<'a> {
    pub fn new(tables: Rc<Tables<'a>>, uids: Rc<Uids>) -> Self {
        Self {
            of_groups: Carried::new(Rc::clone(&tables), groups::KEY),
            tables,
            uids,
            repeated: RefCell::default(),
            hooks: Hooks::default(),
        }
    }

    /// Adds the traces of the table and says how many contacts there are.
    pub fn add_evidence(&self, digest: &mut Digest) -> Result<u64, StoreError> {
        let traces = Traces {
            from: &format!(
                "{} WHERE user_id = ? AND del = 0",
                self.tables.settings.tables.contacts
            ),
            params: &[self.tables.user()],
            key: &["contact_id"],
            changed: "changed",
        };
        let [vcard, names] = content(self.tables.database.kind());
        let columns = ["contact_id", "changed", vcard, names];
        evidence::add(digest, &self.tables, traces, &|digest, since| {
            self.rows(&columns, &Keys::All, Some(since), &mut |row| {
                digest.add_cells(row, 0..columns.len());
                Ok(())
            })
        })
    }

    pub fn versions(
        &self,
        visit: &mut dyn FnMut(&str, Version) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let [vcard, names] = content(self.tables.database.kind());
        let columns = ["contact_id", "changed", vcard, names];
        let mut id = String::new();
        let mut taken = self.reserved()?;
        self.rows(&columns, &Keys::All, None, &mut |row| {
            let key = row_key(row, 0)?;
            let mut digest = Digest::default();
            digest.add_cells(row, 1..columns.len());
            if let Some(uid) = uids::own_in(&row.cell(2).octets()) {
                // A row gets its UID back when the earlier one is deleted.
                digest.add(Cell::Integer(taken.take(key, &uid).into()));
            }
            write_id(&mut id, LETTER, key);
            visit(&id, Version(digest.finish()))
        })?;
        self.repeated.replace(Some(taken.repeated));
        Ok(())
    }

    pub fn read(
        &self,
        keys: &Keys,
        selection: &Selection,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        self.cards(keys, selection, &mut |card| visit(card))
    }

    /// Visits the cards, of which only what is selected is known.
    pub fn cards(
        &self,
        keys: &Keys,
        selection: &Selection,
        visit: &mut dyn FnMut(&CardRecord<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let kind = self.tables.database.kind();
        let wants_card = wants_stored_card(selection);
        let shows_uid = shows_uid(selection);
        let part_with_uid = uids::part_with_uid(kind, VCARD);
        let mut columns = vec!["contact_id"];
        match (wants_card, shows_uid) {
            (true, _) => columns.extend(content(kind)),
            (false, true) => columns.push(&part_with_uid),
            (false, false) => {}
        }
        let changed_at = columns.len();
        if selection.wants("updated") {
            columns.push(changed_utc(kind));
        }
        let is_known = self.repeated.borrow().is_some();
        let mut taken = match *keys == Keys::All && !is_known && shows_uid {
            true => Some(self.reserved()?),
            false => None,
        };
        let (mut id, mut uid, mut updated) = (String::new(), String::new(), String::new());
        let mut made = Vec::new();
        self.rows(&columns, keys, None, &mut |row| {
            let key = row_key(row, 0)?;
            write_id(&mut id, LETTER, key);
            let has_updated = write_utc_date(row.cell(changed_at), &mut updated);
            let vcard = wants_card.then(|| stored_card(row, &mut made));
            let part = row.cell(1).octets();
            let own = match shows_uid {
                true => uids::own_in(vcard.unwrap_or(&part)),
                false => None,
            };
            let is_own = match (&own, &mut taken) {
                (None, _) => false,
                (Some(own), Some(taken)) => taken.take(key, own),
                (Some(_), None) => !self.is_repeated(key)?,
            };
            match own.filter(|_| is_own) {
                Some(own) => own.as_ref().clone_into(&mut uid),
                None if selection.wants("uid") => self.uids.derive(&id, &mut uid),
                None => uid.clear(),
            }
            visit(&CardRecord {
                id: &id,
                address_book_id: address_books::id(Source::Personal),
                uid: &uid,
                is_uid_taken: !is_own,
                updated: has_updated.then_some(&updated),
                vcard: vcard.unwrap_or_default(),
                is_made: wants_card && row.cell(1).octets().is_empty(),
                key,
            })
        })?;
        if let Some(taken) = taken {
            self.repeated.replace(Some(taken.repeated));
        }
        Ok(())
    }

    /// Whether an earlier row has the UID of this one.
    pub fn is_repeated(&self, key: i64) -> Result<bool, StoreError> {
        if self.repeated.borrow().is_none() {
            let taken = self.taken()?;
            self.repeated.replace(Some(taken.repeated));
        }
        let repeated = self.repeated.borrow();
        Ok(repeated.as_ref().is_some_and(|rows| rows.contains(&key)))
    }

    /// One of the rows is no more, so another may get its UID back.
    pub fn forget(&self) {
        self.repeated.replace(None);
    }

    /// See [`Store::learnt`](crate::store::Store::learnt): the keys of the repeated rows.
    /// Empty where they are not known, or too many.
    pub fn learnt(&self) -> Vec<u8> {
        let repeated = self.repeated.borrow();
        match repeated.as_ref() {
            Some(rows) if rows.len() <= MAX_LEARNT => {
                let keys = rows.iter().flat_map(|key| key.to_le_bytes());
                std::iter::once(LEARNT).chain(keys).collect()
            }
            _ => Vec::new(),
        }
    }

    pub fn recall(&self, learnt: &[u8]) {
        let keys = learnt.strip_prefix(&[LEARNT]);
        let rows = keys.map(|keys| {
            let (keys, _) = keys.as_chunks();
            keys.iter().copied().map(i64::from_le_bytes).collect()
        });
        self.repeated.replace(rows);
    }

    /// The UIDs of groups, and none of a contact yet.
    fn reserved(&self) -> Result<Taken, StoreError> {
        let mut taken = Taken::default();
        let groups = &self.tables.settings.tables.contactgroups;
        for uid in self.of_groups.uids(groups)? {
            taken.reserve(&uid);
        }
        Ok(taken)
    }

    /// Looks at the UIDs of all rows.
    fn taken(&self) -> Result<Taken, StoreError> {
        let part = uids::part_with_uid(self.tables.database.kind(), "vcard");
        let mut taken = self.reserved()?;
        self.rows(&["contact_id", &part], &Keys::All, None, &mut |row| {
            if let Some(uid) = uids::own_in(&row.cell(1).octets()) {
                taken.take(row_key(row, 0)?, &uid);
            }
            Ok(())
        })?;
        Ok(taken)
    }

    /// The octets of a photo, a logo or a sound.
    pub fn contents(&self, blob: &Id) -> Result<Option<Contents>, StoreError> {
        let Some(key) = cards::blob_row(cards::OF_CONTACT, blob) else {
            return Ok(None);
        };
        let mut contents = None;
        let keys = Keys::Of(vec![key]);
        self.rows(&["contact_id", VCARD], &keys, None, &mut |row| {
            contents = cards::blob_contents(&row.cell(1).octets(), cards::OF_CONTACT, key, blob);
            Ok(())
        })?;
        Ok(contents)
    }

    /// Visits rows of these columns, the first being the key; all or those since a time.
    fn rows(
        &self,
        columns: &[&str],
        keys: &Keys,
        since: Option<&str>,
        visit: VisitRow<'_>,
    ) -> Result<(), StoreError> {
        let octets = octets(self.tables.database.kind(), VCARD);
        let if_small = format!(
            "CASE WHEN {octets} > {MAX_OCTETS_IN_PAGE} THEN NULL ELSE COALESCE(vcard, '') END"
        );
        let vcard_at = columns.iter().position(|column| *column == VCARD);
        let mut columns = columns.to_vec();
        if let Some(column) = vcard_at.and_then(|at| columns.get_mut(at)) {
            *column = &if_small;
        }
        let mut params = vec![self.tables.user()];
        params.extend(since.map(Param::Text));
        let query = Query {
            select: &format!(
                "SELECT {} FROM {} WHERE user_id = ? AND del = 0{}",
                columns.join(", "),
                self.tables.settings.tables.contacts,
                since.map_or("", |_| " AND changed >= ?")
            ),
            params: &params,
            key: &["contact_id"],
        };
        self.tables.read(query, keys, &mut |row| match vcard_at {
            Some(column) if row.cell(column) == Cell::Null => visit(&WithLargeCard {
                row,
                column,
                vcard: &self.large_card(row_key(row, 0)?)?,
            }),
            _ => visit(row),
        })
    }

    fn large_card(&self, key: i64) -> Result<Vec<u8>, StoreError> {
        let sql = format!(
            "SELECT vcard FROM {} WHERE user_id = ? AND del = 0 AND contact_id = ?",
            self.tables.settings.tables.contacts
        );
        let mut vcard = Vec::new();
        let params = [self.tables.user(), Param::Integer(key)];
        self.tables.page(&sql, &params, &mut |row| {
            vcard.extend_from_slice(&row.cell(0).octets());
            Ok(())
        })?;
        Ok(vcard)
    }
}

/// A row with the card that was too large for its page.
struct WithLargeCard<'r> {
    row: &'r dyn Row,
    column: usize,
    vcard: &'r [u8],
}

impl Row for WithLargeCard<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        if column == self.column {
            Cell::Text(self.vcard)
        } else {
            self.row.cell(column)
        }
    }
}

/// The vCard of a row whose columns are the key and then [`content`].
fn stored_card<'r>(row: &'r dyn Row, made: &'r mut Vec<u8>) -> &'r [u8] {
    if let Cell::Text(vcard) = row.cell(1)
        && !vcard.is_empty()
    {
        return vcard;
    }
    let columns = row.cell(2).octets();
    let mut columns = columns.splitn(4, |octet| *octet == b'\n');
    let mut next = || columns.next().unwrap_or_default();
    Columns {
        name: next(),
        first_name: next(),
        surname: next(),
        emails: next(),
    }
    .write_vcard(made);
    made
}
