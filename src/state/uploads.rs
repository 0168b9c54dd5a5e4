//! Blobs that clients have uploaded (RFC 8620 §6.1), until something refers to them.
//!
//! An upload arrives in pieces and is nobody's until it is finished; one that breaks off
//! leaves nothing behind. It is kept for a day, and for an hour at least even where the
//! account's quota is short. Only the account that it was uploaded to sees it.

use super::sql::{Sql, parameters};
use super::upload_room::{ROW_OCTETS, make_room, remove};
use super::{PIECE_OCTETS, State, StateError, Turn, random};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use super::upload_room::{KEPT_AT_LEAST_SECS, KEPT_AT_MOST_SECS, UploadRoom};

/// An upload that still arrives. It is discarded unless it is finished.
#[derive(Debug)]
pub struct Upload<'a> {
    state: &'a State,
    /// Scoped.
    account: String,
    quota_octets: u64,
    media_type: &'a str,
    id: String,
    /// What has arrived since the last whole piece.
    rest: Vec<u8>,
    pieces_stored: i64,
    finished: bool,
}

/// A finished upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The blobId: `U` and what nobody can guess.
    pub id: String,
    pub media_type: String,
    pub size_octets: u64,
    content: String,
}

/// Why an upload was not stored.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error("over the account's quota of uploads")]
    OverQuota,
    /// It stood still for so long that it was evicted.
    #[error("the upload has expired")]
    Expired,
    #[error(transparent)]
    State(#[from] StateError),
}

impl State {
    /// Begins an upload. Nothing is written before there is a whole piece.
    ///
    /// `media_type` is what the client called it.
    pub fn begin_upload<'a>(
        &'a self,
        room: UploadRoom<'a>,
        media_type: &'a str,
    ) -> Result<Upload<'a>, StateError> {
        Ok(Upload {
            state: self,
            account: self.scoped(room.account),
            quota_octets: room.quota_octets,
            media_type,
            id: new_id()?,
            rest: Vec::new(),
            pieces_stored: 0,
            finished: false,
        })
    }

    /// The upload of this id. `None` when the account has none: it never was, is another
    /// account's, or has gone.
    pub fn blob(&self, account: &str, id: &str, now_secs: i64) -> Result<Option<Blob>, StateError> {
        let account = self.scoped(account);
        self.run(|sql| {
            sql.row(
                "SELECT id, content, media_type, size_octets FROM openxport_uploads
                 WHERE id = :id AND account = :account AND complete = 1
                 AND stored_secs > :oldest",
                parameters! {
                    id: id,
                    account: &account,
                    oldest: now_secs.saturating_sub(KEPT_AT_MOST_SECS),
                },
                |row| {
                    Ok(Blob {
                        id: row.text("id")?,
                        media_type: row.text("media_type")?,
                        size_octets: row.integer("size_octets")?.cast_unsigned(),
                        content: row.text("content")?,
                    })
                },
            )
        })
    }

    /// Reads on from `offset`: 1 to 262,144 octets, and none only at the end.
    ///
    /// # Errors
    /// `Expired` when the upload went away since it was looked up.
    pub fn read_blob(&self, blob: &Blob, offset: u64) -> Result<Vec<u8>, UploadError> {
        if offset >= blob.size_octets {
            return Ok(Vec::new());
        }
        let piece = PIECE_OCTETS as u64;
        let octets = self.run(|sql| {
            sql.row(
                "SELECT substr(octets, 1 + :skip) AS rest FROM openxport_pieces
                 WHERE content = :content AND number = :number",
                parameters! {
                    content: &blob.content,
                    number: (offset / piece).cast_signed(),
                    skip: (offset % piece).cast_signed(),
                },
                |row| Ok(row.octets("rest")?.to_vec()),
            )
        })?;
        octets.ok_or(UploadError::Expired)
    }

    /// Gives another account the same blob, under an id of its own (RFC 8620 §6.3).
    pub fn copy_blob(
        &self,
        blob: &Blob,
        room: UploadRoom<'_>,
        now_secs: i64,
    ) -> Result<Blob, UploadError> {
        let id = new_id()?;
        let account = self.scoped(room.account);
        let outcome = self.write(Turn::Uploads, |sql| {
            if !exists(sql, &blob.id)? {
                return Ok(Outcome::Expired);
            }
            let size_octets = blob.size_octets.cast_signed();
            let needed = size_octets.saturating_add(ROW_OCTETS);
            if !make_room(sql, &account, room.quota_octets, needed, now_secs)? {
                return Ok(Outcome::OverQuota);
            }
            let row = UploadRow {
                id: &id,
                account: &account,
                content: &blob.content,
                media_type: &blob.media_type,
                size_octets,
                complete: true,
            };
            row.insert(sql, now_secs)?;
            Ok(Outcome::Stored)
        })?;
        outcome.check()?;
        Ok(Blob { id, ..blob.clone() })
    }
}

impl Upload<'_> {
    /// Takes the next octets, of any number.
    pub fn append(&mut self, mut octets: &[u8], now_secs: i64) -> Result<(), UploadError> {
        while !octets.is_empty() {
            let room = PIECE_OCTETS.saturating_sub(self.rest.len());
            let (taken, left) = octets.split_at(room.min(octets.len()));
            self.rest.extend_from_slice(taken);
            octets = left;
            if self.rest.len() == PIECE_OCTETS {
                self.store(false, now_secs)?;
                self.rest.clear();
            }
        }
        Ok(())
    }

    /// Makes the upload visible to its account.
    pub fn finish(mut self, now_secs: i64) -> Result<Blob, UploadError> {
        self.store(true, now_secs)?;
        self.finished = true;
        let whole_pieces = (PIECE_OCTETS as u64).saturating_mul(self.pieces_stored.cast_unsigned());
        Ok(Blob {
            id: self.id.clone(),
            media_type: self.media_type.to_owned(),
            size_octets: whole_pieces.saturating_add(self.rest.len() as u64),
            content: self.id.clone(),
        })
    }

    /// Stores what has arrived as the next piece; the last one may be empty.
    fn store(&mut self, complete: bool, now_secs: i64) -> Result<(), UploadError> {
        let outcome = self.state.write(Turn::Uploads, |sql| {
            let size_octets = i64::try_from(self.rest.len()).unwrap_or(i64::MAX);
            let is_new = self.pieces_stored == 0;
            let needed = size_octets.saturating_add(if is_new { ROW_OCTETS } else { 0 });
            if !make_room(sql, &self.account, self.quota_octets, needed, now_secs)? {
                return Ok(Outcome::OverQuota);
            }
            if is_new {
                let row = UploadRow {
                    id: &self.id,
                    account: &self.account,
                    content: &self.id,
                    media_type: self.media_type,
                    size_octets,
                    complete,
                };
                row.insert(sql, now_secs)?;
            } else if !grow(sql, &self.id, size_octets, complete, now_secs)? {
                return Ok(Outcome::Expired);
            }
            if size_octets > 0 {
                insert_piece(sql, &self.id, self.pieces_stored, &self.rest)?;
            }
            Ok(Outcome::Stored)
        })?;
        outcome.check()?;
        if !complete {
            self.pieces_stored = self.pieces_stored.saturating_add(1);
        }
        Ok(())
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        if self.finished || self.pieces_stored == 0 {
            return;
        }
        let removal = self.state.write(Turn::Uploads, |sql| remove(sql, &self.id));
        if let Err(error) = removal {
            log::warn!("an upload that broke off stays until it expires: {error}");
        }
    }
}

/// What a transaction came to.
enum Outcome {
    Stored,
    OverQuota,
    Expired,
}

impl Outcome {
    fn check(self) -> Result<(), UploadError> {
        match self {
            Self::Stored => Ok(()),
            Self::OverQuota => Err(UploadError::OverQuota),
            Self::Expired => Err(UploadError::Expired),
        }
    }
}

struct UploadRow<'a> {
    id: &'a str,
    account: &'a str,
    content: &'a str,
    media_type: &'a str,
    size_octets: i64,
    complete: bool,
}

impl UploadRow<'_> {
    fn insert(&self, sql: &dyn Sql, now_secs: i64) -> Result<(), StateError> {
        sql.execute(
            "INSERT INTO openxport_uploads
                (id, account, content, media_type, size_octets, stored_secs, complete)
             VALUES (:id, :account, :content, :media_type, :size_octets, :now, :complete)",
            parameters! {
                id: self.id,
                account: self.account,
                content: self.content,
                media_type: self.media_type,
                size_octets: self.size_octets,
                now: now_secs,
                complete: i64::from(self.complete),
            },
        )?;
        Ok(())
    }
}

fn new_id() -> Result<String, StateError> {
    Ok(format!("U{}", URL_SAFE_NO_PAD.encode(random::<16>()?)))
}

fn exists(sql: &dyn Sql, id: &str) -> Result<bool, StateError> {
    let found = sql.row(
        "SELECT 1 FROM openxport_uploads WHERE id = :id",
        parameters! { id: id },
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// `false` when the upload is no longer there.
fn grow(
    sql: &dyn Sql,
    id: &str,
    octets: i64,
    complete: bool,
    now_secs: i64,
) -> Result<bool, StateError> {
    let changed = sql.execute(
        "UPDATE openxport_uploads
         SET size_octets = size_octets + :octets, stored_secs = :now, complete = :complete
         WHERE id = :id",
        parameters! {
            id: id,
            octets: octets,
            now: now_secs,
            complete: i64::from(complete),
        },
    )?;
    Ok(changed == 1)
}

fn insert_piece(
    sql: &dyn Sql,
    content: &str,
    number: i64,
    octets: &[u8],
) -> Result<(), StateError> {
    sql.execute(
        "INSERT INTO openxport_pieces (content, number, octets)
         VALUES (:content, :number, :octets)",
        parameters! { content: content, number: number, octets: octets },
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;
