//! Removes what has expired, a little at a time.

use super::upload_room::remove_expired;
use super::{State, StateError};
use rusqlite::{Transaction, named_params};

/// How long a purge that found everything done lasts.
const INTERVAL_SECS: i64 = 60;

/// What one purge removes at most, so that no request waits long for it.
const MAX_ROWS: usize = 500;
const MAX_PIECES: usize = 64;
const MAX_JOURNALS: usize = 10;
const MAX_FREE_PAGES: u32 = 512;

/// A journal that no one has compared with its records for this long is given up.
const JOURNAL_KEPT_SECS: i64 = 180 * 24 * 3600;

impl State {
    /// Removes expired rows, if that is due. To be called once in each request, when the
    /// answer is on its way.
    pub fn purge(&self, now_secs: i64) -> Result<(), StateError> {
        let last: i64 = self.read(|connection| {
            let mut query = connection.prepare_cached("SELECT last_secs FROM purges")?;
            query.query_row([], |row| row.get("last_secs"))
        })?;
        // A clock that was set back must not put the next purge off for years.
        if (last..last.saturating_add(INTERVAL_SECS)).contains(&now_secs) {
            return Ok(());
        }
        self.write(|transaction| {
            if purge(transaction, now_secs)? {
                let mut update =
                    transaction.prepare_cached("UPDATE purges SET last_secs = :now")?;
                update.execute(named_params! { ":now": now_secs })?;
            }
            Ok(())
        })?;
        self.read(|connection| {
            connection.execute_batch(&format!("PRAGMA incremental_vacuum({MAX_FREE_PAGES})"))
        })
    }
}

/// `false` when there may be more to do.
fn purge(transaction: &Transaction<'_>, now_secs: i64) -> rusqlite::Result<bool> {
    let mut done = remove_expired(transaction, MAX_PIECES, now_secs)?;
    done &= remove_idle_journals(transaction, now_secs)?;
    let deletes = [
        "DELETE FROM logins WHERE credentials IN (
            SELECT credentials FROM logins WHERE expires_secs <= :now LIMIT :max)",
        "DELETE FROM failures WHERE subject IN (
            SELECT subject FROM failures WHERE expires_secs <= :now LIMIT :max)",
        "DELETE FROM leases WHERE id IN (
            SELECT id FROM leases WHERE expires_secs <= :now LIMIT :max)",
    ];
    for delete in deletes {
        let mut delete = transaction.prepare_cached(delete)?;
        let parameters = named_params! { ":now": now_secs, ":max": limit(MAX_ROWS) };
        done &= delete.execute(parameters)? < MAX_ROWS;
    }
    Ok(done)
}

/// `false` when there may be more to do.
fn remove_idle_journals(transaction: &Transaction<'_>, now_secs: i64) -> rusqlite::Result<bool> {
    let mut heads = transaction.prepare_cached(
        "DELETE FROM journal WHERE (account, data_type) IN (
            SELECT account, data_type FROM journal WHERE verified_secs <= :oldest LIMIT :max)
         RETURNING account, data_type",
    )?;
    let mut body = transaction.prepare_cached(
        "DELETE FROM journal_body WHERE account = :account AND data_type = :data_type",
    )?;
    let mut removed = heads.query(named_params! {
        ":oldest": now_secs.saturating_sub(JOURNAL_KEPT_SECS),
        ":max": limit(MAX_JOURNALS),
    })?;
    let mut count = 0;
    while let Some(row) = removed.next()? {
        let (account, data_type): (String, String) = (row.get("account")?, row.get("data_type")?);
        body.execute(named_params! { ":account": account, ":data_type": data_type })?;
        count += 1;
    }
    Ok(count < MAX_JOURNALS)
}

fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{INTERVAL_SECS, JOURNAL_KEPT_SECS, MAX_PIECES};
    use crate::state::uploads::KEPT_AT_MOST_SECS;
    use crate::state::{JournalHead, JournalKey, LeaseRule, State, UploadRoom};

    fn rows(state: &State, table: &str) -> i64 {
        let count = format!("SELECT count(*) FROM {table}");
        let rows = state.read(|connection| connection.query_row(&count, [], |row| row.get(0)));
        rows.unwrap()
    }

    fn upload(state: &State, pieces: usize, now_secs: i64) {
        let room = UploadRoom {
            account: "a1",
            quota_octets: u64::MAX,
        };
        let mut upload = state.begin_upload(room, "text/plain").unwrap();
        upload
            .append(&vec![b'x'; pieces * 262_144], now_secs)
            .unwrap();
        upload.finish(now_secs).unwrap();
    }

    #[test]
    fn purge_removes_expired_uploads_piece_by_piece() {
        let state = State::in_memory().unwrap();
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
        let state = State::in_memory().unwrap();
        upload(&state, 1, 0);
        let id: String = state
            .read(|connection| connection.query_row("SELECT id FROM uploads", [], |row| row.get(0)))
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
        let state = State::in_memory().unwrap();
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
        let state = State::in_memory().unwrap();
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
