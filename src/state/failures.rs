//! Counts failures so that there are at most so many in a window of time.
//!
//! The count shrinks evenly: a subject that has used up its failures gets one more each
//! time that `window / max` has passed, and all of them after a whole window.

use super::StateError;
use super::sql::{Sql, parameters};

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
    sql: &dyn Sql,
    subject: Subject<'_>,
    now_secs: i64,
) -> Result<i64, StateError> {
    if subject.max == 0 {
        return Ok(0);
    }
    let max = i64::from(subject.max);
    let over = failure_secs(sql, subject, now_secs)?
        .saturating_add(subject.window_secs)
        .saturating_sub(max.saturating_mul(subject.window_secs));
    Ok(over.max(0).saturating_add(max - 1) / max)
}

/// Counts so many failures more, or fewer.
pub(super) fn add(
    sql: &dyn Sql,
    subject: Subject<'_>,
    failures: i64,
    now_secs: i64,
) -> Result<(), StateError> {
    if subject.max == 0 {
        return Ok(());
    }
    let count = failure_secs(sql, subject, now_secs)?
        .saturating_add(failures.saturating_mul(subject.window_secs))
        .max(0);
    sql.execute(
        "REPLACE INTO openxport_failures (subject, failure_secs, counted_secs, expires_secs)
         VALUES (:subject, :count, :now, :expires)",
        parameters! {
            subject: subject.key,
            count: count,
            now: now_secs,
            expires: now_secs.saturating_add(subject.window_secs),
        },
    )?;
    Ok(())
}

/// The present count, in failures times the seconds of the window: each failure adds a whole
/// window, and each second takes `max` away.
fn failure_secs(sql: &dyn Sql, subject: Subject<'_>, now_secs: i64) -> Result<i64, StateError> {
    let found = sql.row(
        "SELECT failure_secs, counted_secs FROM openxport_failures WHERE subject = :subject",
        parameters! { subject: subject.key },
        |row| Ok((row.integer("failure_secs")?, row.integer("counted_secs")?)),
    )?;
    let Some((count, counted_secs)) = found else {
        return Ok(0);
    };
    // A clock that was set back counts like one that went on.
    let elapsed_secs = i64::try_from(now_secs.abs_diff(counted_secs)).unwrap_or(i64::MAX);
    let shrunk = elapsed_secs.saturating_mul(i64::from(subject.max));
    Ok(count.saturating_sub(shrunk).max(0))
}
