//! Where the change journal is kept; what its body means is known to `records/`.
//!
//! There is one value for each account and data type, and it moves only by compare-and-swap:
//! of two workers that have seen the same head, one wins and the other looks again.

use super::sql::{Row, Sql, parameters};
use super::{PIECE_OCTETS, State, StateError, Turn, random};
use std::ops::ControlFlow;

/// What a journal is about.
#[derive(Clone, Copy, Debug)]
pub struct JournalKey<'a> {
    /// The account's id.
    pub account: &'a str,
    /// The data type's wire name.
    pub data_type: &'a str,
}

/// What is known without reading the journal's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalHead {
    /// See [`new_epoch`]. States of different epochs cannot be compared.
    pub epoch: String,
    pub counter: u64,
    /// What the store's fingerprint was when the journal last moved.
    pub fingerprint: u128,
    /// How many records there were then.
    pub count: u64,
    /// When the journal was last compared with all the records, in Unix seconds.
    pub verified_secs: i64,
    /// What the store has learnt from that, for itself alone.
    pub learnt: Vec<u8>,
}

/// The epoch of a journal that begins: 12 random hexadecimal digits.
pub fn new_epoch() -> Result<String, StateError> {
    let octets = random::<6>()?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

impl State {
    /// The head alone. `None` when there is no journal yet.
    pub fn journal_head(&self, key: JournalKey<'_>) -> Result<Option<JournalHead>, StateError> {
        let journal = self.journal_rows(key);
        self.run(|sql| journal.head(sql))
    }

    /// The head and the body that belongs to it. `None` when there is no journal yet.
    pub fn journal(
        &self,
        key: JournalKey<'_>,
    ) -> Result<Option<(JournalHead, Vec<u8>)>, StateError> {
        let journal = self.journal_rows(key);
        self.run(|sql| journal.whole(sql))
    }

    /// Replaces the journal, if its head is still `seen`; `None` means that there was none.
    ///
    /// `body: None` keeps the body, which is empty at first. Returns `false`, having changed
    /// nothing, when another worker has moved the journal since.
    pub fn swap_journal(
        &self,
        key: JournalKey<'_>,
        seen: Option<&JournalHead>,
        head: &JournalHead,
        body: Option<&[u8]>,
    ) -> Result<bool, StateError> {
        let journal = self.journal_rows(key);
        let swap = |sql: &dyn Sql| {
            if journal.head(sql)?.as_ref() != seen {
                return Ok(false);
            }
            journal.write_head(sql, head)?;
            if body.is_some() || seen.is_none() {
                journal.write_body(sql, body.unwrap_or_default())?;
            }
            Ok(true)
        };
        let turn = Turn::Account(&journal.account);
        if seen.is_some_and(|seen| (&seen.epoch, seen.counter) == (&head.epoch, head.counter)) {
            return self.write(turn, swap);
        }
        // A counter that clients have been told must not come back after a power cut with
        // another meaning.
        self.write_durably(turn, swap)
    }

    /// Gives up journals that nobody has compared with their records since `oldest_secs`, but
    /// not more than `max`. `false` when there may be more.
    pub(super) fn remove_idle_journals(
        &self,
        oldest_secs: i64,
        max: usize,
    ) -> Result<bool, StateError> {
        let idle = self.run(|sql| {
            sql.rows(
                "SELECT account, data_type FROM openxport_journal
                 WHERE verified_secs <= :oldest LIMIT :max",
                parameters! { oldest: oldest_secs, max: i64::try_from(max).unwrap_or(i64::MAX) },
                |row| Ok((row.text("account")?, row.text("data_type")?)),
            )
        })?;
        for (account, data_type) in &idle {
            let key = parameters! { account: account, data_type: data_type, oldest: oldest_secs };
            self.write(Turn::Account(account), |sql| {
                let removed = sql.execute(
                    "DELETE FROM openxport_journal
                     WHERE account = :account AND data_type = :data_type
                     AND verified_secs <= :oldest",
                    key,
                )?;
                if removed > 0 {
                    remove_body(sql, account, data_type)?;
                }
                Ok(())
            })?;
        }
        Ok(idle.len() < max)
    }

    fn journal_rows<'k>(&self, key: JournalKey<'k>) -> JournalRows<'k> {
        JournalRows {
            account: self.scoped(key.account),
            data_type: key.data_type,
        }
    }
}

/// Where the tables have one journal.
struct JournalRows<'k> {
    account: String,
    data_type: &'k str,
}

impl JournalRows<'_> {
    fn head(&self, sql: &dyn Sql) -> Result<Option<JournalHead>, StateError> {
        sql.row(
            "SELECT epoch, counter, fingerprint, count, verified_secs, learnt
             FROM openxport_journal WHERE account = :account AND data_type = :data_type",
            parameters! { account: &self.account, data_type: self.data_type },
            read_head,
        )
    }

    fn whole(&self, sql: &dyn Sql) -> Result<Option<(JournalHead, Vec<u8>)>, StateError> {
        let mut found: Option<(JournalHead, Vec<u8>)> = None;
        // One statement, so that no other worker comes between the two.
        sql.visit(
            "SELECT epoch, counter, fingerprint, count, verified_secs, learnt, octets
             FROM openxport_journal JOIN openxport_journal_body USING (account, data_type)
             WHERE account = :account AND data_type = :data_type ORDER BY number",
            parameters! { account: &self.account, data_type: self.data_type },
            &mut |row| {
                let octets = row.octets("octets")?;
                match &mut found {
                    Some((_, body)) => body.extend_from_slice(octets),
                    None => found = Some((read_head(row)?, octets.to_vec())),
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
        Ok(found)
    }

    fn write_head(&self, sql: &dyn Sql, head: &JournalHead) -> Result<(), StateError> {
        sql.execute(
            "REPLACE INTO openxport_journal
                (account, data_type, epoch, counter, fingerprint, count, verified_secs, learnt)
             VALUES
                (:account, :data_type, :epoch, :counter, :fingerprint, :count, :verified, :learnt)",
            parameters! {
                account: &self.account,
                data_type: self.data_type,
                epoch: &head.epoch,
                counter: head.counter.cast_signed(),
                fingerprint: &head.fingerprint.to_be_bytes(),
                count: head.count.cast_signed(),
                verified: head.verified_secs,
                learnt: head.learnt.as_slice(),
            },
        )?;
        Ok(())
    }

    /// Replaces the body; an empty one is one empty piece.
    fn write_body(&self, sql: &dyn Sql, body: &[u8]) -> Result<(), StateError> {
        remove_body(sql, &self.account, self.data_type)?;
        let empty = body.is_empty().then_some(body);
        for (number, octets) in (0_i64..).zip(body.chunks(PIECE_OCTETS).chain(empty)) {
            sql.execute(
                "INSERT INTO openxport_journal_body (account, data_type, number, octets)
                 VALUES (:account, :data_type, :number, :octets)",
                parameters! {
                    account: &self.account,
                    data_type: self.data_type,
                    number: number,
                    octets: octets,
                },
            )?;
        }
        Ok(())
    }
}

fn read_head(row: &dyn Row) -> Result<JournalHead, StateError> {
    Ok(JournalHead {
        epoch: row.text("epoch")?,
        counter: row.integer("counter")?.cast_unsigned(),
        fingerprint: u128::from_be_bytes(row.array("fingerprint")?),
        count: row.integer("count")?.cast_unsigned(),
        verified_secs: row.integer("verified_secs")?,
        learnt: row.octets("learnt")?.to_vec(),
    })
}

fn remove_body(sql: &dyn Sql, account: &str, data_type: &str) -> Result<(), StateError> {
    sql.execute(
        "DELETE FROM openxport_journal_body
         WHERE account = :account AND data_type = :data_type",
        parameters! { account: account, data_type: data_type },
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{JournalHead, JournalKey, new_epoch};
    use crate::state::testing::fresh;

    const KEY: JournalKey<'_> = JournalKey {
        account: "a1",
        data_type: "ContactCard",
    };

    fn head(counter: u64) -> JournalHead {
        JournalHead {
            epoch: "0123456789ab".to_owned(),
            counter,
            fingerprint: u128::MAX - u128::from(counter),
            count: u64::MAX,
            verified_secs: -1,
            learnt: b"\0learnt".to_vec(),
        }
    }

    #[test]
    fn journal_is_none_before_the_first_swap() {
        let state = fresh();
        assert_eq!(state.journal_head(KEY).unwrap(), None);
        assert_eq!(state.journal(KEY).unwrap(), None);
    }

    #[test]
    fn journal_returns_what_was_swapped_in() {
        let state = fresh();
        assert!(
            state
                .swap_journal(KEY, None, &head(1), Some(b"\0body"))
                .unwrap()
        );
        assert_eq!(state.journal_head(KEY).unwrap(), Some(head(1)));
        let found = state.journal(KEY).unwrap();
        assert_eq!(found, Some((head(1), b"\0body".to_vec())));
    }

    #[test]
    fn journal_swap_without_a_body_keeps_the_body() {
        let state = fresh();
        assert!(
            state
                .swap_journal(KEY, None, &head(1), Some(b"one"))
                .unwrap()
        );
        assert!(
            state
                .swap_journal(KEY, Some(&head(1)), &head(2), None)
                .unwrap()
        );
        assert_eq!(
            state.journal(KEY).unwrap(),
            Some((head(2), b"one".to_vec()))
        );
    }

    #[test]
    fn journal_swap_refuses_a_head_that_has_moved() {
        let state = fresh();
        assert!(
            state
                .swap_journal(KEY, None, &head(1), Some(b"one"))
                .unwrap()
        );
        assert!(
            !state
                .swap_journal(KEY, None, &head(9), Some(b"nine"))
                .unwrap()
        );
        assert!(
            !state
                .swap_journal(KEY, Some(&head(2)), &head(9), Some(b"nine"))
                .unwrap()
        );
        assert_eq!(
            state.journal(KEY).unwrap(),
            Some((head(1), b"one".to_vec()))
        );
    }

    #[test]
    fn journal_of_one_key_is_not_that_of_another() {
        let state = fresh();
        assert!(
            state
                .swap_journal(KEY, None, &head(1), Some(b"one"))
                .unwrap()
        );
        for (account, data_type) in [("a1", "AddressBook"), ("a2", "ContactCard")] {
            let key = JournalKey { account, data_type };
            assert_eq!(state.journal_head(key).unwrap(), None);
        }
    }

    #[test]
    fn epochs_differ() {
        let (one, other) = (new_epoch().unwrap(), new_epoch().unwrap());
        assert_eq!(one.len(), 12);
        assert_ne!(one, other);
    }
}
