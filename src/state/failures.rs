//! Counts failures so that there are at most so many in a window of time.
//!
//! The count shrinks evenly: a subject that has used up its failures gets one more each
//! time that `window / max` has passed, and all of them after a whole window.

use rusqlite::{OptionalExtension, Transaction, named_params};

/// What failures are counted for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub key: &'a [u8; 32],
    /// How many failures a window may hold; 0 means any number.
    pub max: u32,
    pub window_secs: i64,
}

/// How long until the subject may fail once more: 0 when it may now.
pub(super) fn wait_secs(
    transaction: &Transaction<'_>,
    subject: Subject<'_>,
    now_secs: i64,
) -> rusqlite::Result<i64> {
    if subject.max == 0 {
        return Ok(0);
    }
    let max = i64::from(subject.max);
    let over = failure_secs(transaction, subject, now_secs)?
        .saturating_add(subject.window_secs)
        .saturating_sub(max.saturating_mul(subject.window_secs));
    Ok(over.max(0).saturating_add(max - 1) / max)
}

/// Counts so many failures more, or fewer.
pub(super) fn add(
    transaction: &Transaction<'_>,
    subject: Subject<'_>,
    failures: i64,
    now_secs: i64,
) -> rusqlite::Result<()> {
    if subject.max == 0 {
        return Ok(());
    }
    let count = failure_secs(transaction, subject, now_secs)?
        .saturating_add(failures.saturating_mul(subject.window_secs))
        .max(0);
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO failures (subject, failure_secs, counted_secs, expires_secs)
         VALUES (:subject, :count, :now, :expires)",
    )?;
    insert.execute(named_params! {
        ":subject": subject.key,
        ":count": count,
        ":now": now_secs,
        ":expires": now_secs.saturating_add(subject.window_secs),
    })?;
    Ok(())
}

/// The present count, in failures times the seconds of the window: each failure adds a whole
/// window, and each second takes `max` away.
fn failure_secs(
    transaction: &Transaction<'_>,
    subject: Subject<'_>,
    now_secs: i64,
) -> rusqlite::Result<i64> {
    let mut query = transaction.prepare_cached(
        "SELECT failure_secs, counted_secs FROM failures WHERE subject = :subject",
    )?;
    let found: Option<(i64, i64)> = query
        .query_row(named_params! { ":subject": subject.key }, |row| {
            Ok((row.get("failure_secs")?, row.get("counted_secs")?))
        })
        .optional()?;
    let Some((count, counted_secs)) = found else {
        return Ok(0);
    };
    // A clock that was set back counts like one that went on.
    let elapsed_secs = i64::try_from(now_secs.abs_diff(counted_secs)).unwrap_or(i64::MAX);
    let shrunk = elapsed_secs.saturating_mul(i64::from(subject.max));
    Ok(count.saturating_sub(shrunk).max(0))
}
