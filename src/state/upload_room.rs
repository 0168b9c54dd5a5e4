//! How much an account may have uploaded, and which uploads give way to newer ones.

use rusqlite::{OptionalExtension, Transaction, named_params};

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

/// Evicts the account's oldest uploads until `needed_octets` more fit in.
///
/// `false`, and nothing is evicted, when there are not enough that are old enough.
pub(super) fn make_room(
    transaction: &Transaction<'_>,
    room: UploadRoom<'_>,
    needed_octets: i64,
    now_secs: i64,
) -> rusqlite::Result<bool> {
    let mut sum = transaction.prepare_cached(
        "SELECT coalesce(sum(size_octets + :row), 0) FROM uploads WHERE account = :account",
    )?;
    let parameters = named_params! { ":account": room.account, ":row": ROW_OCTETS };
    let used: i64 = sum.query_row(parameters, |row| row.get(0))?;
    let quota = i64::try_from(room.quota_octets).unwrap_or(i64::MAX);
    let mut excess = used.saturating_add(needed_octets).saturating_sub(quota);
    if excess <= 0 {
        return Ok(true);
    }
    let mut oldest = transaction.prepare_cached(
        "SELECT id, size_octets FROM uploads
         WHERE account = :account AND stored_secs <= :old ORDER BY stored_secs",
    )?;
    let mut rows = oldest.query(named_params! {
        ":account": room.account,
        ":old": now_secs.saturating_sub(KEPT_AT_LEAST_SECS),
    })?;
    let mut evicted: Vec<String> = Vec::new();
    while excess > 0 {
        let Some(row) = rows.next()? else {
            return Ok(false);
        };
        evicted.push(row.get("id")?);
        let freed = row.get::<_, i64>("size_octets")?.saturating_add(ROW_OCTETS);
        excess = excess.saturating_sub(freed);
    }
    drop(rows);
    for id in evicted {
        remove(transaction, &id)?;
    }
    Ok(true)
}

/// Removes an upload, and its content when it was the last to refer to it.
pub(super) fn remove(transaction: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
    let mut delete =
        transaction.prepare_cached("DELETE FROM uploads WHERE id = :id RETURNING content")?;
    let content: Option<String> = delete
        .query_row(named_params! { ":id": id }, |row| row.get("content"))
        .optional()?;
    let mut orphan = transaction.prepare_cached(
        "DELETE FROM pieces WHERE content = :content
         AND NOT EXISTS (SELECT 1 FROM uploads WHERE content = :content)",
    )?;
    orphan.execute(named_params! { ":content": content })?;
    Ok(())
}

/// Removes uploads that nobody sees any more, until it has removed `max_pieces` pieces of
/// content. `false` when there are more.
pub(super) fn remove_expired(
    transaction: &Transaction<'_>,
    max_pieces: usize,
    now_secs: i64,
) -> rusqlite::Result<bool> {
    let mut expired = transaction.prepare_cached(
        "SELECT id FROM uploads WHERE stored_secs <= :oldest ORDER BY stored_secs LIMIT :max",
    )?;
    let parameters = named_params! {
        ":oldest": now_secs.saturating_sub(KEPT_AT_MOST_SECS),
        ":max": i64::try_from(max_pieces).unwrap_or(i64::MAX),
    };
    let ids: Vec<String> = expired
        .query_map(parameters, |row| row.get("id"))?
        .collect::<rusqlite::Result<_>>()?;
    let mut trim = transaction.prepare_cached(
        "DELETE FROM pieces WHERE rowid IN (
            SELECT pieces.rowid FROM uploads JOIN pieces USING (content)
            WHERE uploads.id = :id AND NOT EXISTS (
                SELECT 1 FROM uploads AS other
                WHERE other.content = uploads.content AND other.id <> uploads.id)
            LIMIT :max)",
    )?;
    let mut budget = max_pieces;
    for id in &ids {
        let parameters = named_params! {
            ":id": id,
            ":max": i64::try_from(budget).unwrap_or(i64::MAX),
        };
        // An upload without pieces costs about as much as one with a single piece.
        budget = budget.saturating_sub(trim.execute(parameters)?.max(1));
        if budget == 0 {
            return Ok(false);
        }
        remove(transaction, id)?;
    }
    Ok(true)
}
