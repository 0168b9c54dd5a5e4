//! Removes what has expired, a little at a time.

use super::sql::{Sql, parameters};
use super::upload_room::remove_expired;
use super::{State, StateError, Turn};

/// How long a purge that found everything done lasts.
const INTERVAL_SECS: i64 = 60;

/// What one purge removes at most, so that no request waits long for it.
const MAX_ROWS: i64 = 500;
const MAX_PIECES: i64 = 64;
const MAX_JOURNALS: usize = 10;

/// A journal that no one has compared with its records for this long is given up.
const JOURNAL_KEPT_SECS: i64 = 180 * 24 * 3600;

impl State {
    /// Removes expired rows, if that is due. To be called once in each request, when the
    /// answer is on its way.
    pub fn purge(&self, now_secs: i64) -> Result<(), StateError> {
        let last = self.run(|sql| {
            let last = "SELECT last_secs FROM openxport_purges";
            sql.row(last, &[], |row| row.integer("last_secs"))
        })?;
        let last = last.unwrap_or_default();
        // A clock that was set back must not put the next purge off for years.
        if (last..last.saturating_add(INTERVAL_SECS)).contains(&now_secs) {
            return Ok(());
        }
        let mut done = self.write(Turn::Uploads, |sql| {
            remove_expired(sql, MAX_PIECES, now_secs)
        })?;
        let oldest_secs = now_secs.saturating_sub(JOURNAL_KEPT_SECS);
        done &= self.remove_idle_journals(oldest_secs, MAX_JOURNALS)?;
        done &= self.write(Turn::Logins, |sql| {
            let mut done = true;
            for table in ["openxport_logins", "openxport_failures", "openxport_leases"] {
                done &= remove_expired_rows(sql, table, now_secs)?;
            }
            Ok(done)
        })?;
        if done {
            self.run(|sql| {
                let update = "UPDATE openxport_purges SET last_secs = :now";
                sql.execute(update, parameters! { now: now_secs })
            })?;
        }
        self.give_back_space()
    }
}

/// Removes about [`MAX_ROWS`] rows: those that expired in the same second go together. `false`
/// when there are more.
fn remove_expired_rows(sql: &dyn Sql, table: &str, now_secs: i64) -> Result<bool, StateError> {
    let later = sql.row(
        &format!(
            "SELECT expires_secs FROM {table} WHERE expires_secs <= :now
             ORDER BY expires_secs LIMIT 1 OFFSET :max"
        ),
        parameters! { now: now_secs, max: MAX_ROWS },
        |row| row.integer("expires_secs"),
    )?;
    sql.execute(
        &format!("DELETE FROM {table} WHERE expires_secs <= :last"),
        parameters! { last: later.unwrap_or(now_secs) },
    )?;
    Ok(later.is_none())
}

#[cfg(test)]
mod tests {
    use super::{INTERVAL_SECS, JOURNAL_KEPT_SECS, MAX_PIECES};
    use crate::state::testing::{fresh, rows};
    use crate::state::uploads::KEPT_AT_MOST_SECS;
    use crate::state::{JournalHead, JournalKey, LeaseRule, State, UploadRoom};

    fn upload(state: &State, pieces: i64, now_secs: i64) {
        let room = UploadRoom {
            account: "a1",
            quota_octets: u64::MAX,
        };
        let mut upload = state.begin_upload(room, "text/plain").unwrap();
        upload
            .append(&vec![b'x'; pieces as usize * 262_144], now_secs)
            .unwrap();
        upload.finish(now_secs).unwrap();
    }

    #[test]
    fn purge_removes_expired_uploads_piece_by_piece() {
        let state = fresh();
        upload(&state, MAX_PIECES + 2, 0);
        upload(&state, 1, 1);
        upload(&state, 1, 2);
        state.purge(KEPT_AT_MOST_SECS + 1).unwrap();
        assert_eq!((rows(&state, "uploads"), rows(&state, "pieces")), (3, 4));
        state.purge(KEPT_AT_MOST_SECS + 1).unwrap();
        assert_eq!((rows(&state, "uploads"), rows(&state, "pieces")), (1, 1));
    }

    #[test]
    fn purge_keeps_the_content_that_a_younger_copy_refers_to() {
        let state = fresh();
        upload(&state, 1, 0);
        let id: String = state
            .run(|sql| {
                let id = "SELECT id FROM openxport_uploads";
                sql.row(id, &[], |row| row.text("id"))
            })
            .unwrap()
            .unwrap();
        let blob = state.blob("a1", &id, 0).unwrap().unwrap();
        let room = UploadRoom {
            account: "a2",
            quota_octets: u64::MAX,
        };
        state.copy_blob(&blob, room, 100).unwrap();
        state.purge(KEPT_AT_MOST_SECS).unwrap();
        assert_eq!((rows(&state, "uploads"), rows(&state, "pieces")), (1, 1));
        state.purge(KEPT_AT_MOST_SECS + 100).unwrap();
        assert_eq!((rows(&state, "uploads"), rows(&state, "pieces")), (0, 0));
    }

    #[test]
    fn purge_is_due_once_a_minute_and_after_the_clock_was_set_back() {
        let state = fresh();
        let rule = LeaseRule {
            account: "a1",
            kind: "requests",
            max: 1,
            ttl_secs: 0,
        };
        for (now_secs, left) in [(1000, 0), (1000 + INTERVAL_SECS - 1, 1), (500, 0)] {
            std::mem::forget(state.acquire(rule, 0).unwrap());
            state.purge(now_secs).unwrap();
            assert_eq!(rows(&state, "leases"), left, "at {now_secs}");
        }
    }

    #[test]
    fn purge_gives_up_a_journal_that_nobody_asks_for() {
        let state = fresh();
        let key = |account| JournalKey {
            account,
            data_type: "ContactCard",
        };
        for (account, verified_secs) in [("a1", 0), ("a2", 1)] {
            let head = JournalHead {
                epoch: "e".to_owned(),
                counter: 1,
                fingerprint: 0,
                count: 0,
                verified_secs,
                learnt: Vec::new(),
            };
            assert!(
                state
                    .swap_journal(key(account), None, &head, Some(b"x"))
                    .unwrap()
            );
        }
        state.purge(JOURNAL_KEPT_SECS).unwrap();
        assert_eq!(state.journal_head(key("a1")).unwrap(), None);
        assert!(state.journal(key("a2")).unwrap().is_some());
        assert_eq!(rows(&state, "journal_body"), 1);
    }
}
