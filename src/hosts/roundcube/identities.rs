//! Identities: the sender addresses that the user has set up in Roundcube's settings.

use super::carried::{Carried, Stored, digest_of};
use super::digest::Digest;
use super::rows::{Keys, Query, Tables, VisitRow, row_key, write_id};
use crate::convert::address_list;
use crate::data_types::identities::Identity;
use crate::db::{Kind, Param, Row};
use crate::store::{
    Fingerprint, Selection, Store, StoreError, StoreWriter, Version, Visit, Wanted,
};
use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

pub const LETTER: char = 'i';

/// What [`crate::db::Database::call`] must be able to do: turn HTML into the plain text that
/// Roundcube would put into a message.
const HTML_TO_TEXT: &str = "html2text";

pub struct Identities<'a> {
    pub tables: Rc<Tables<'a>>,
    /// Text signatures beside those in HTML, whose column mirrors it.
    pub carried: Carried<'a>,
}

impl<'a> Identities<'a> {
    pub fn new(tables: Rc<Tables<'a>>) -> Self {
        Self {
            carried: Carried::new(Rc::clone(&tables), "identity_id"),
            tables,
        }
    }

    /// The columns that JMAP knows, as the database wants them written.
    pub fn columns(&self) -> [&'static str; 6] {
        let reply_to = match self.tables.database.kind() {
            Kind::Mysql => "`reply-to`",
            Kind::Sqlite | Kind::Postgres => "\"reply-to\"",
        };
        [
            "name",
            "email",
            reply_to,
            "bcc",
            "signature",
            "html_signature",
        ]
    }

    /// Visits rows of the key and [`Self::columns`].
    ///
    /// There are only a few of them, so that nothing is gained by reading less.
    pub fn rows(&self, keys: &Keys, visit: VisitRow<'_>) -> Result<(), StoreError> {
        let query = Query {
            select: &format!(
                "SELECT identity_id, {} FROM {} WHERE user_id = ? AND del = 0",
                self.columns().join(", "),
                self.tables.settings.tables.identities
            ),
            params: &[self.tables.user()],
            key: &["identity_id"],
        };
        self.tables.read(query, keys, visit)
    }

    /// Whether identities may be destroyed: the last one never.
    pub fn may_delete(&self) -> Result<bool, StoreError> {
        if !self.tables.settings.identities_level.may_add() {
            return Ok(false);
        }
        let sql = format!(
            "SELECT COUNT(*) FROM {} WHERE user_id = ? AND del = 0",
            self.tables.settings.tables.identities
        );
        let mut count = None;
        self.tables.page(&sql, &[self.tables.user()], &mut |row| {
            count = row.cell(0).integer();
            Ok(())
        })?;
        Ok(count.is_some_and(|count| count > 1))
    }

    /// What the row of [`Self::rows`] and what is carried beside it say as an Identity.
    pub fn record<T>(
        &self,
        row: &dyn Row,
        carried: Option<&Stored>,
        may_delete: bool,
        selection: &Selection,
        use_record: impl FnOnce(&Identity<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut id = String::new();
        write_id(&mut id, LETTER, row_key(row, 0)?);
        let signature = row.cell(5).text();
        let is_html = row.cell(6).integer().is_some_and(|flag| flag != 0);
        let carried = carried.filter(|carried| carried.entry.goes_with(&signature));
        let text = match carried {
            _ if !is_html => Cow::Borrowed(&*signature),
            Some(carried) => Cow::Borrowed(&*carried.entry.data),
            None if Identity::wants_text_signature(selection) => {
                Cow::Owned(self.plain(&signature)?)
            }
            None => Cow::Borrowed(""),
        };
        use_record(&Identity {
            id: &id,
            name: &row.cell(1).text(),
            email: &row.cell(2).text(),
            reply_to: address_list::parse(&row.cell(3).text()),
            bcc: address_list::parse(&row.cell(4).text()),
            text_signature: &text,
            html_signature: if is_html { &signature } else { "" },
            may_delete,
        })
    }

    /// The plain text of an HTML signature, as Roundcube shows it when a message is written
    /// as plain text.
    pub fn plain(&self, html: &str) -> Result<String, StoreError> {
        if html.is_empty() {
            return Ok(String::new());
        }
        let text = self
            .tables
            .database
            .call(HTML_TO_TEXT, &[Param::Text(html)])?
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        Ok(text.trim_matches(['\r', '\n']).to_owned())
    }
}

impl Store for Identities<'_> {
    fn fingerprint(&self) -> Result<Fingerprint, StoreError> {
        let mut digest = Digest::default();
        // An administrator may have changed it, whatever the rows say.
        digest.add_octets(&[self.tables.settings.identities_level.may_add().into()]);
        let carried = self.carried.entries(&Keys::All, false)?;
        let mut count = 0;
        self.rows(&Keys::All, &mut |row| {
            count += 1;
            digest.add_cells(row, 0..7);
            digest.add_octets(digest_of(carried.get(&row_key(row, 0)?)));
            Ok(())
        })?;
        Ok(Fingerprint {
            digest: digest.finish(),
            count,
        })
    }

    fn versions(
        &self,
        visit: &mut dyn FnMut(&str, Version) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let may_delete = self.may_delete()?;
        let carried = self.carried.entries(&Keys::All, false)?;
        let mut id = String::new();
        self.rows(&Keys::All, &mut |row| {
            let key = row_key(row, 0)?;
            write_id(&mut id, LETTER, key);
            let mut digest = Digest::default();
            digest.add_cells(row, 1..7);
            digest.add_octets(digest_of(carried.get(&key)));
            digest.add_octets(&[may_delete.into()]);
            visit(&id, Version(digest.finish()))
        })
    }

    fn read(
        &self,
        wanted: Wanted<'_>,
        selection: &Selection,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        let may_delete = self.may_delete()?;
        let keys = Keys::of(wanted, LETTER);
        let carried = match Identity::wants_text_signature(selection) {
            true => self.carried.entries(&keys, true)?,
            false => HashMap::new(),
        };
        self.rows(&keys, &mut |row| {
            let carried = carried.get(&row_key(row, 0)?);
            self.record(row, carried, may_delete, selection, |identity| {
                visit(identity)
            })
        })
    }

    fn writer(&self) -> Option<&dyn StoreWriter> {
        Some(self)
    }
}
