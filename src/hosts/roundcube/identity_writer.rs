//! Writing identities, as Roundcube's settings page does.
//!
//! What only Roundcube's own code can do, [`crate::db::Database::call`] is asked for:
//!
//! - `identity_columns`, of the identity's key or 0, and the columns as a JSON object: checks
//!   the addresses, takes what is dangerous out of an HTML signature that is new, asks the
//!   webmail's plugins, and returns `columns` as they are to be stored, or in `invalid` those
//!   with what is no address; null when a plugin refuses.
//! - `identity_inserted`: the key of the row that was inserted last.
//! - `identity_created`, of its key and columns: tells the plugins.
//! - `identity_may_be_deleted`, of its key: null when a plugin refuses.

use super::carried;
use super::contact_writer::REFUSED;
use super::dates::now;
use super::identities::{Identities, LETTER};
use super::rows::{Keys, holds, parse_key};
use super::settings::IdentitiesLevel;
use crate::data_types::identities::{
    BCC, EMAIL, HTML_SIGNATURE, IdentityContent, NAME, REPLY_TO, TEXT_SIGNATURE,
};
use crate::db::Param;
use crate::hosts::carried::Entry;
use crate::json;
use crate::store::{Blobs, Id, Object, Record, Selection, StoreError, StoreWriter, Update};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the columns of names and addresses take. Roundcube stores more where the database does,
/// and what it cuts off elsewhere is an address that nobody has written.
const MAX_CHARACTERS: usize = 128;

/// Roundcube makes HTML harmless in time that grows with the square of these.
const MAX_TAGS: usize = 10_000;

/// The columns that JMAP knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Columns {
    name: String,
    email: String,
    #[serde(rename = "reply-to")]
    reply_to: String,
    bcc: String,
    signature: String,
    /// Whether `signature` is HTML.
    html_signature: bool,
}

impl Columns {
    /// Takes over what the client has said.
    fn apply(&mut self, content: &IdentityContent) {
        let IdentityContent {
            name,
            email,
            reply_to,
            bcc,
            ..
        } = content;
        for (column, said) in [
            (&mut self.name, name),
            (&mut self.email, email),
            (&mut self.reply_to, reply_to),
            (&mut self.bcc, bcc),
        ] {
            if let Some(said) = said {
                column.clone_from(said);
            }
        }
    }

    /// Puts the HTML signature into the column or, where there is none, the text.
    fn sign(&mut self, html: &str, text: &str) {
        self.html_signature = !html.is_empty();
        self.signature = if self.html_signature { html } else { text }.to_owned();
    }

    /// In the order of [`Identities::columns`].
    fn texts(&self) -> [&str; 6] {
        [
            &self.name,
            &self.email,
            &self.reply_to,
            &self.bcc,
            &self.signature,
            if self.html_signature { "1" } else { "0" },
        ]
    }
}

/// What comes of `identity_columns`.
#[derive(Deserialize)]
struct Answer {
    columns: Option<Columns>,
    #[serde(default)]
    invalid: Vec<String>,
}

/// An identity as it is stored.
struct Stored {
    record: Object,
    columns: Columns,
    /// The same as octets, in whatever encoding they are.
    octets: [Vec<u8>; 6],
    carried: Option<carried::Stored>,
}

impl Identities<'_> {
    fn stored(&self, key: i64) -> Result<Option<Stored>, StoreError> {
        let may_delete = self.may_delete()?;
        let mut carried = self.carried.entry(key)?;
        let mut stored = None;
        self.rows(&Keys::Of(vec![key]), &mut |row| {
            let beside = carried.as_ref();
            let record = self.record(row, beside, may_delete, &Selection::ALL, |identity| {
                let mut text = json::Writer::new();
                identity.emit(&Selection::ALL, &mut text);
                serde_json::from_slice(text.as_bytes())
                    .map_err(|error| StoreError::Backend(error.into()))
            })?;
            let text = |column: usize| row.cell(column).text().into_owned();
            stored = Some(Stored {
                record,
                columns: Columns {
                    name: text(1),
                    email: text(2),
                    reply_to: text(3),
                    bcc: text(4),
                    signature: text(5),
                    html_signature: row.cell(6).integer().is_some_and(|flag| flag != 0),
                },
                octets: [1, 2, 3, 4, 5, 6].map(|column| row.cell(column).octets().into_owned()),
                carried: carried.take(),
            });
            Ok(())
        })?;
        Ok(stored)
    }

    /// What Roundcube stores for these columns.
    fn judged(&self, key: i64, columns: &Columns) -> Result<Columns, StoreError> {
        let params = [Param::Integer(key), Param::Text(&as_json(columns)?)];
        let answer = self.tables.database.call("identity_columns", &params)?;
        let answer = answer.ok_or(REFUSED)?;
        let answer: Answer =
            serde_json::from_slice(&answer).map_err(|error| StoreError::Backend(error.into()))?;
        if !answer.invalid.is_empty() {
            return Err(invalid(&answer.invalid, "this is no mail address"));
        }
        let no_columns = || StoreError::Backend("the webmail returned no columns".into());
        let columns = answer.columns.ok_or_else(no_columns)?;
        let too_long: Vec<_> = [
            ("name", &columns.name),
            ("email", &columns.email),
            ("reply-to", &columns.reply_to),
            ("bcc", &columns.bcc),
        ]
        .into_iter()
        .filter(|(_, text)| text.chars().count() > MAX_CHARACTERS)
        .map(|(column, _)| column.to_owned())
        .collect();
        match too_long.is_empty() {
            true => Ok(columns),
            false => Err(invalid(&too_long, "longer than the webmail can hold")),
        }
    }

    fn insert(&self, columns: &Columns) -> Result<i64, StoreError> {
        let tables = &self.tables;
        let sql = format!(
            "INSERT INTO {} (user_id, changed, {}) VALUES (?, {}, ?, ?, ?, ?, ?, ?)",
            tables.settings.tables.identities,
            self.columns().join(", "),
            now(tables.database.kind()),
        );
        let mut params = vec![tables.user()];
        params.extend(columns.texts().map(Param::Text));
        tables.check_size(&params)?;
        tables.database.execute(&sql, &params)?;
        let key = tables.database.call("identity_inserted", &[])?;
        let key = key.and_then(|key| parse_key(&String::from_utf8_lossy(&key)));
        key.ok_or_else(|| StoreError::Backend("the new identity has no key".into()))
    }

    /// Writes the columns that are others than before.
    ///
    /// # Errors
    /// `Conflict` when the row is no longer as it was.
    fn replace(&self, key: i64, stored: &Stored, columns: &Columns) -> Result<(), StoreError> {
        let tables = &self.tables;
        let kind = tables.database.kind();
        let names = self.columns();
        let mut assignments = vec![format!("changed = {}", now(kind))];
        let mut params = Vec::new();
        let pairs = stored.columns.texts().into_iter().zip(columns.texts());
        for (name, (before, after)) in names.iter().zip(pairs) {
            if before != after {
                assignments.push(format!("{name} = ?"));
                params.push(Param::Text(after));
            }
        }
        if params.is_empty() {
            return Ok(());
        }
        let [texts @ .., is_html] = &names;
        let is_unchanged: Vec<_> = texts.iter().map(|name| holds(kind, name)).collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE identity_id = ? AND user_id = ? AND del = 0 AND {} \
             AND {is_html} = ?",
            tables.settings.tables.identities,
            assignments.join(", "),
            is_unchanged.join(" AND "),
        );
        params.extend([Param::Integer(key), tables.user()]);
        params.extend(stored.octets.iter().map(|octets| Param::Octets(octets)));
        tables.check_size(&params)?;
        match tables.database.execute(&sql, &params)? {
            0 => Err(StoreError::Conflict),
            _ => Ok(()),
        }
    }

    /// What is to be carried beside these columns, so that the text signature is this one.
    ///
    /// None is where the HTML signature reads as this, or where the text is empty: then what
    /// Roundcube makes of the HTML for a plain message is worth more.
    fn beside(&self, columns: &Columns, text: &str) -> Result<Option<Entry>, StoreError> {
        let html = &columns.signature;
        if !columns.html_signature || text.is_empty() || text == self.plain(html)? {
            return Ok(None);
        }
        self.carried.require()?;
        Ok(Some(Entry {
            uid: String::new(),
            mirror: html.clone(),
            data: text.to_owned(),
        }))
    }
}

impl StoreWriter for Identities<'_> {
    fn create(&self, object: &Object, _blobs: Blobs<'_>) -> Result<Id, StoreError> {
        let settings = &self.tables.settings;
        if !settings.identities_level.may_add() {
            return Err(StoreError::Forbidden("no identities may be added"));
        }
        let content = IdentityContent::of(object)?;
        let email = content.email.as_deref().unwrap_or_default();
        let is_own = email.eq_ignore_ascii_case(&settings.user_email);
        if settings.identities_level == IdentitiesLevel::OwnAddress && !is_own {
            return Err(StoreError::ForbiddenFrom);
        }
        let html = content.html_signature.as_deref().unwrap_or_default();
        let text = content.text_signature.as_deref().unwrap_or_default();
        let mut columns = Columns::default();
        columns.apply(&content);
        columns.sign(html, text);
        check_tags(&columns)?;
        let columns = self.judged(0, &columns)?;
        let beside = self.beside(&columns, text)?;
        let key = self.tables.atomically(|| {
            let key = self.insert(&columns)?;
            self.carried.replace(key, None, beside.as_ref())?;
            Ok(key)
        })?;
        let params = [Param::Integer(key), Param::Text(&as_json(&columns)?)];
        // It is stored, whatever becomes of the plugins that are told.
        if let Err(error) = self.tables.database.call("identity_created", &params) {
            log::error!("plugins could not be told of a new identity: {error}");
        }
        Id::new(format!("{LETTER}{key}"))
            .ok_or_else(|| StoreError::Backend("the new identity has no id".into()))
    }

    fn update(&self, update: Update<'_>, _blobs: Blobs<'_>) -> Result<(), StoreError> {
        let Update { id, before, after } = update;
        let key = key_of(id)?;
        let stored = self.stored(key)?.ok_or(StoreError::NotFound)?;
        if stored.record != *before {
            return Err(StoreError::Conflict);
        }
        let content = IdentityContent::that_changes(before, after)?;
        if self.tables.settings.identities_level == IdentitiesLevel::Signatures
            && !content.is_signatures_alone()
        {
            return Err(StoreError::Forbidden("only the signatures may be changed"));
        }
        let mut columns = stored.columns.clone();
        columns.apply(&content);
        let before = |property| {
            before
                .get(property)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let html = content.html_signature.as_deref();
        let html = html.unwrap_or_else(|| before(HTML_SIGNATURE));
        let text = content.text_signature.as_deref();
        let text = text.unwrap_or_else(|| before(TEXT_SIGNATURE));
        columns.sign(html, text);
        if columns.signature != stored.columns.signature {
            check_tags(&columns)?;
        }
        let columns = self.judged(key, &columns)?;
        let carried = stored.carried.as_ref();
        let is_own = carried.is_some_and(|one| one.entry.goes_with(&stored.columns.signature));
        let beside = match (&content.html_signature, &content.text_signature) {
            (None, None) => carried.map(|carried| carried.entry.clone()),
            // A text that was only what the HTML read as goes with it.
            (Some(_), None) if stored.columns.html_signature && !is_own => None,
            _ => self.beside(&columns, text)?,
        };
        self.tables.atomically(|| {
            self.replace(key, &stored, &columns)?;
            self.carried.replace(key, carried, beside.as_ref())
        })
    }

    /// Flags an identity as deleted, as Roundcube does, which never deletes the last one.
    fn destroy(&self, id: &Id) -> Result<(), StoreError> {
        let key = key_of(id)?;
        let tables = &self.tables;
        if self.stored(key)?.is_none() {
            return Err(StoreError::NotFound);
        }
        if !self.may_delete()? {
            return Err(MAY_NOT_BE_DELETED);
        }
        let params = [Param::Integer(key)];
        let may = tables.database.call("identity_may_be_deleted", &params)?;
        if may.is_none() {
            return Err(REFUSED);
        }
        let identities = &tables.settings.tables.identities;
        // MySQL takes the table that is written only in a subquery of a subquery.
        let sql = format!(
            "UPDATE {identities} SET del = 1, changed = {} \
             WHERE identity_id = ? AND user_id = ? AND del = 0 AND EXISTS (SELECT 1 FROM \
             (SELECT identity_id FROM {identities} WHERE user_id = ? AND del = 0 \
             AND identity_id <> ?) others)",
            now(tables.database.kind()),
        );
        let key = Param::Integer(key);
        let params = [key, tables.user(), tables.user(), key];
        match tables.database.execute(&sql, &params)? {
            0 => Err(MAY_NOT_BE_DELETED),
            _ => Ok(()),
        }
    }

    fn find(&self, _property: &str, _value: &str) -> Result<Option<Id>, StoreError> {
        // No property of an Identity is unique.
        Ok(None)
    }
}

const MAY_NOT_BE_DELETED: StoreError = StoreError::Forbidden("this identity may not be deleted");

fn key_of(id: &Id) -> Result<i64, StoreError> {
    let key = id.as_str().strip_prefix(LETTER).and_then(parse_key);
    key.ok_or(StoreError::NotFound)
}

fn check_tags(columns: &Columns) -> Result<(), StoreError> {
    let tags = columns.signature.matches('<').count();
    match columns.html_signature && tags > MAX_TAGS {
        true => Err(StoreError::Invalid {
            properties: vec![HTML_SIGNATURE.to_owned()],
            reason: format!("it has more than {MAX_TAGS} tags"),
        }),
        false => Ok(()),
    }
}

/// What is wrong with these columns, as properties.
fn invalid(columns: &[String], reason: &str) -> StoreError {
    let property = |column: &String| match column.as_str() {
        "name" => NAME,
        "reply-to" => REPLY_TO,
        "bcc" => BCC,
        _ => EMAIL,
    };
    StoreError::Invalid {
        properties: columns
            .iter()
            .map(|column| property(column).to_owned())
            .collect(),
        reason: reason.to_owned(),
    }
}

fn as_json(columns: &Columns) -> Result<String, StoreError> {
    serde_json::to_string(columns).map_err(|error| StoreError::Backend(error.into()))
}
