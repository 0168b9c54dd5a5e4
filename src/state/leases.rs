//! How many requests of one kind an account has under way, over all workers
//! (`maxConcurrentRequests` and `maxConcurrentUpload`, RFC 8620 §2).

use super::{State, StateError};
use rusqlite::named_params;

/// Which requests are counted together, and how many there may be at once.
#[derive(Clone, Copy, Debug)]
pub struct LeaseRule<'a> {
    pub account: &'a str,
    pub kind: &'a str,
    pub max: u64,
    /// After this time a lease counts no more, so that a worker that was killed leaks none.
    /// Longer than any request may take.
    pub ttl_secs: i64,
}

/// The right to go on with a request. It ends with this value.
#[derive(Debug)]
pub struct Lease<'a> {
    state: &'a State,
    id: i64,
}

impl State {
    /// Takes one of the account's leases, or `None` when all are taken.
    pub fn acquire(
        &self,
        rule: LeaseRule<'_>,
        now_secs: i64,
    ) -> Result<Option<Lease<'_>>, StateError> {
        let id = self.write(|transaction| {
            let mut count = transaction.prepare_cached(
                "SELECT count(*) FROM leases
                 WHERE account = :account AND kind = :kind AND expires_secs > :now",
            )?;
            let taken: i64 = count.query_row(
                named_params! {
                    ":account": rule.account,
                    ":kind": rule.kind,
                    ":now": now_secs,
                },
                |row| row.get(0),
            )?;
            if taken.cast_unsigned() >= rule.max {
                return Ok(None);
            }
            let mut insert = transaction.prepare_cached(
                "INSERT INTO leases (account, kind, expires_secs)
                 VALUES (:account, :kind, :expires)",
            )?;
            insert.execute(named_params! {
                ":account": rule.account,
                ":kind": rule.kind,
                ":expires": now_secs.saturating_add(rule.ttl_secs),
            })?;
            Ok(Some(transaction.last_insert_rowid()))
        })?;
        Ok(id.map(|id| Lease { state: self, id }))
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let outcome = self.state.read(|connection| {
            let mut delete = connection.prepare_cached("DELETE FROM leases WHERE id = :id")?;
            delete.execute(named_params! { ":id": self.id })
        });
        if let Err(error) = outcome {
            log::warn!("a lease stays taken until it expires: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LeaseRule;
    use crate::state::State;

    const RULE: LeaseRule<'_> = LeaseRule {
        account: "a1",
        kind: "requests",
        max: 2,
        ttl_secs: 60,
    };

    #[test]
    fn leases_run_out_at_the_maximum_and_come_back() {
        let state = State::in_memory().unwrap();
        let first = state.acquire(RULE, 100).unwrap();
        let second = state.acquire(RULE, 100).unwrap();
        assert!(first.is_some() && second.is_some());
        assert!(state.acquire(RULE, 100).unwrap().is_none());
        drop(first);
        assert!(state.acquire(RULE, 100).unwrap().is_some());
    }

    #[test]
    fn leases_of_another_account_or_kind_are_counted_apart() {
        let state = State::in_memory().unwrap();
        let rule = LeaseRule { max: 1, ..RULE };
        let _taken = state.acquire(rule, 100).unwrap();
        for (account, kind) in [("a2", "requests"), ("a1", "uploads")] {
            let rule = LeaseRule {
                account,
                kind,
                ..rule
            };
            assert!(state.acquire(rule, 100).unwrap().is_some());
        }
    }

    #[test]
    fn leases_of_a_killed_worker_expire() {
        let state = State::in_memory().unwrap();
        let rule = LeaseRule { max: 1, ..RULE };
        std::mem::forget(state.acquire(rule, 100).unwrap());
        assert!(state.acquire(rule, 159).unwrap().is_none());
        assert!(state.acquire(rule, 160).unwrap().is_some());
    }
}
