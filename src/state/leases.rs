//! How many requests of one kind an account has under way, over all workers
//! (`maxConcurrentRequests` and `maxConcurrentUpload`, RFC 8620 §2).

use super::sql::parameters;
use super::{State, StateError, Turn, random};

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
        let account = self.scoped(rule.account);
        let id = i64::from_ne_bytes(random()?);
        let is_taken = self.write(Turn::Account(&account), |sql| {
            let held = sql.row(
                "SELECT count(*) AS held FROM openxport_leases
                 WHERE account = :account AND kind = :kind AND expires_secs > :now",
                parameters! { account: &account, kind: rule.kind, now: now_secs },
                |row| row.integer("held"),
            )?;
            if held.unwrap_or_default().cast_unsigned() >= rule.max {
                return Ok(false);
            }
            sql.execute(
                "INSERT INTO openxport_leases (id, account, kind, expires_secs)
                 VALUES (:id, :account, :kind, :expires)",
                parameters! {
                    id: id,
                    account: &account,
                    kind: rule.kind,
                    expires: now_secs.saturating_add(rule.ttl_secs),
                },
            )?;
            Ok(true)
        })?;
        Ok(is_taken.then_some(Lease { state: self, id }))
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let delete = "DELETE FROM openxport_leases WHERE id = :id";
        let outcome = self
            .state
            .run(|sql| sql.execute(delete, parameters! { id: self.id }));
        if let Err(error) = outcome {
            log::warn!("a lease stays taken until it expires: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LeaseRule;
    use crate::state::testing::fresh;

    const RULE: LeaseRule<'_> = LeaseRule {
        account: "a1",
        kind: "requests",
        max: 2,
        ttl_secs: 60,
    };

    #[test]
    fn leases_run_out_at_the_maximum_and_come_back() {
        let state = fresh();
        let first = state.acquire(RULE, 100).unwrap();
        let second = state.acquire(RULE, 100).unwrap();
        assert!(first.is_some() && second.is_some());
        assert!(state.acquire(RULE, 100).unwrap().is_none());
        drop(first);
        assert!(state.acquire(RULE, 100).unwrap().is_some());
    }

    #[test]
    fn leases_of_another_account_or_kind_are_counted_apart() {
        let state = fresh();
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
        let state = fresh();
        let rule = LeaseRule { max: 1, ..RULE };
        std::mem::forget(state.acquire(rule, 100).unwrap());
        assert!(state.acquire(rule, 159).unwrap().is_none());
        assert!(state.acquire(rule, 160).unwrap().is_some());
    }
}
