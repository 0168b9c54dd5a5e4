//! Identities: the sender addresses that the user has set up in Roundcube's settings.

use super::digest::Digest;
use super::rows::{Keys, Query, Tables, VisitRow, row_key, write_id};
use crate::convert::address_list;
use crate::data_types::mail::Identity;
use crate::db::{Kind, Param};
use crate::store::{Fingerprint, Selection, Store, StoreError, Version, Visit, Wanted};
use std::borrow::Cow;
use std::rc::Rc;

const LETTER: char = 'i';

/// What [`crate::db::Database::call`] must be able to do: turn HTML into the plain text that
/// Roundcube would put into a message.
const HTML_TO_TEXT: &str = "html2text";

pub struct Identities<'a> {
    tables: Rc<Tables<'a>>,
}

impl<'a> Identities<'a> {
    pub fn new(tables: Rc<Tables<'a>>) -> Self {
        Self { tables }
    }

    /// Visits rows of: key, name, email, reply-to, bcc, signature, html_signature.
    ///
    /// There are only a few of them, so that nothing is gained by reading less.
    fn rows(&self, keys: &Keys, visit: VisitRow<'_>) -> Result<(), StoreError> {
        let reply_to = match self.tables.database.kind() {
            Kind::Mysql => "`reply-to`",
            Kind::Sqlite | Kind::Postgres => "\"reply-to\"",
        };
        let query = Query {
            select: &format!(
                "SELECT identity_id, name, email, {reply_to}, bcc, signature, html_signature \
                 FROM {} WHERE user_id = ? AND del = 0",
                self.tables.settings.tables.identities
            ),
            params: &[self.tables.user()],
            key: &["identity_id"],
        };
        self.tables.read(query, keys, visit)
    }

    /// The plain text of an HTML signature, as Roundcube shows it when a message is written
    /// as plain text.
    fn plain(&self, html: &str) -> Result<String, StoreError> {
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
        let mut count = 0;
        self.rows(&Keys::All, &mut |row| {
            count += 1;
            digest.add_cells(row, 0..7);
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
        let mut id = String::new();
        self.rows(&Keys::All, &mut |row| {
            write_id(&mut id, LETTER, row_key(row, 0)?);
            let mut digest = Digest::default();
            digest.add_cells(row, 1..7);
            visit(&id, Version(digest.finish()))
        })
    }

    fn read(
        &self,
        wanted: Wanted<'_>,
        selection: &Selection,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        let mut id = String::new();
        self.rows(&Keys::of(wanted, LETTER), &mut |row| {
            write_id(&mut id, LETTER, row_key(row, 0)?);
            let signature = row.cell(5).text();
            let is_html = row.cell(6).integer().is_some_and(|flag| flag != 0);
            let text_signature = if !is_html {
                Cow::Borrowed(&*signature)
            } else if signature.is_empty() || !Identity::wants_text_signature(selection) {
                Cow::Borrowed("")
            } else {
                Cow::Owned(self.plain(&signature)?)
            };
            visit(&Identity {
                id: &id,
                name: &row.cell(1).text(),
                email: &row.cell(2).text(),
                reply_to: address_list::parse(&row.cell(3).text()),
                bcc: address_list::parse(&row.cell(4).text()),
                text_signature: &text_signature,
                html_signature: if is_html { &signature } else { "" },
                may_delete: false,
            })
        })
    }
}
