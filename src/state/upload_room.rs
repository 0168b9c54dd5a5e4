//! How much an account may have uploaded, and which uploads give way to newer ones.

use super::StateError;
use super::sql::{Sql, parameters};
use std::ops::ControlFlow;

/// No upload is evicted before this age (RFC 8620 §6).
pub const KEPT_AT_LEAST_SECS: i64 = 3600;

/// No upload is seen after this age.
pub const KEPT_AT_MOST_SECS: i64 = 24 * 3600;

/// What an upload counts beside its octets, so that a quota also bounds how many there are.
pub(super) const ROW_OCTETS: i64 = 1024;

/// Whose an upload becomes, and how much that account may hold.
#[derive(Clone, Copy, Debug)]
pub struct UploadRoom<'a> {
    pub account: &'a str,
    /// For all uploads of the account together, each with 1 KiB of its own.
    pub quota_octets: u64,
}

/// Evicts the oldest uploads of `account`, which is scoped, until `needed_octets` more fit
/// into `quota_octets`.
///
/// `false`, and nothing is evicted, when there are not enough that are old enough.
pub(super) fn make_room(
    sql: &dyn Sql,
    account: &str,
    quota_octets: u64,
    needed_octets: i64,
    now_secs: i64,
) -> Result<bool, StateError> {
    let used = sql.row(
        "SELECT coalesce(sum(size_octets + :row), 0) AS used FROM openxport_uploads
         WHERE account = :account",
        parameters! { account: account, row: ROW_OCTETS },
        |row| row.integer("used"),
    )?;
    let quota = i64::try_from(quota_octets).unwrap_or(i64::MAX);
    let mut excess = used
        .unwrap_or_default()
        .saturating_add(needed_octets)
        .saturating_sub(quota);
    if excess <= 0 {
        return Ok(true);
    }
    let mut evicted: Vec<String> = Vec::new();
    sql.visit(
        "SELECT id, size_octets FROM openxport_uploads
         WHERE account = :account AND stored_secs <= :old ORDER BY stored_secs",
        parameters! { account: account, old: now_secs.saturating_sub(KEPT_AT_LEAST_SECS) },
        &mut |row| {
            evicted.push(row.text("id")?);
            excess = excess
                .saturating_sub(row.integer("size_octets")?)
                .saturating_sub(ROW_OCTETS);
            Ok(if excess > 0 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        },
    )?;
    if excess > 0 {
        return Ok(false);
    }
    for id in evicted {
        remove(sql, &id)?;
    }
    Ok(true)
}

/// Removes an upload, and its content when it was the last to refer to it.
pub(super) fn remove(sql: &dyn Sql, id: &str) -> Result<(), StateError> {
    let Some(content) = content_of(sql, id)? else {
        return Ok(());
    };
    sql.execute(
        "DELETE FROM openxport_uploads WHERE id = :id",
        parameters! { id: id },
    )?;
    sql.execute(
        "DELETE FROM openxport_pieces WHERE content = :content
         AND NOT EXISTS (SELECT 1 FROM openxport_uploads WHERE content = :content)",
        parameters! { content: &content },
    )?;
    Ok(())
}

fn content_of(sql: &dyn Sql, id: &str) -> Result<Option<String>, StateError> {
    sql.row(
        "SELECT content FROM openxport_uploads WHERE id = :id",
        parameters! { id: id },
        |row| row.text("content"),
    )
}

/// Removes uploads that nobody sees any more, until it has removed `max_pieces` pieces of
/// content. `false` when there are more.
pub(super) fn remove_expired(
    sql: &dyn Sql,
    max_pieces: i64,
    now_secs: i64,
) -> Result<bool, StateError> {
    let ids = sql.rows(
        "SELECT id FROM openxport_uploads
         WHERE stored_secs <= :oldest ORDER BY stored_secs LIMIT :max",
        parameters! { oldest: now_secs.saturating_sub(KEPT_AT_MOST_SECS), max: max_pieces },
        |row| row.text("id"),
    )?;
    let mut budget = max_pieces;
    for id in &ids {
        // An upload without pieces costs about as much as one with a single piece.
        budget = budget.saturating_sub(trim(sql, id, budget)?.max(1));
        if budget <= 0 {
            return Ok(false);
        }
        remove(sql, id)?;
    }
    Ok(true)
}

/// Removes the last pieces of an upload that shares them with no other, `max_pieces` at most,
/// and says how many.
fn trim(sql: &dyn Sql, id: &str, max_pieces: i64) -> Result<i64, StateError> {
    let last = sql.row(
        "SELECT uploads.content, number
         FROM openxport_uploads AS uploads JOIN openxport_pieces USING (content)
         WHERE uploads.id = :id AND NOT EXISTS (
            SELECT 1 FROM openxport_uploads AS other
            WHERE other.content = uploads.content AND other.id <> uploads.id)
         ORDER BY number DESC LIMIT 1",
        parameters! { id: id },
        |row| Ok((row.text("content")?, row.integer("number")?)),
    )?;
    let Some((content, last)) = last else {
        return Ok(0);
    };
    let removed = sql.execute(
        "DELETE FROM openxport_pieces WHERE content = :content AND number > :kept",
        parameters! { content: &content, kept: last.saturating_sub(max_pieces) },
    )?;
    Ok(i64::try_from(removed).unwrap_or(i64::MAX))
}
