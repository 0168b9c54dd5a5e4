//! Where the change journal is kept; what its body means is known to `records/`.
//!
//! There is one value for each account and data type, and it moves only by compare-and-swap:
//! of two workers that have seen the same head, one wins and the other looks again.

use super::{State, StateError, random};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

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
        self.read(|connection| head(connection, key))
    }

    /// The head and the body that belongs to it. `None` when there is no journal yet.
    pub fn journal(
        &self,
        key: JournalKey<'_>,
    ) -> Result<Option<(JournalHead, Vec<u8>)>, StateError> {
        self.read(|connection| {
            // One statement, so that no other worker comes between the two.
            let mut query = connection.prepare_cached(
                "SELECT epoch, counter, fingerprint, count, verified_secs, learnt, body
                 FROM journal JOIN journal_body USING (account, data_type)
                 WHERE account = :account AND data_type = :data_type",
            )?;
            let parameters = named_params! { ":account": key.account, ":data_type": key.data_type };
            query
                .query_row(parameters, |row| Ok((read_head(row)?, row.get("body")?)))
                .optional()
        })
    }

    /// Replaces the journal, if its head is still `seen`; `None` means that there was none.
    ///
    /// `body: None` keeps the body, which is empty at first. Returns `false`, having changed nothing, when another
    /// worker has moved the journal since.
    pub fn swap_journal(
        &self,
        key: JournalKey<'_>,
        seen: Option<&JournalHead>,
        head: &JournalHead,
        body: Option<&[u8]>,
    ) -> Result<bool, StateError> {
        let swap = |transaction: &Transaction<'_>| {
            if self::head(transaction, key)?.as_ref() != seen {
                return Ok(false);
            }
            write_head(transaction, key, head)?;
            if body.is_some() || seen.is_none() {
                write_body(transaction, key, body.unwrap_or_default())?;
            }
            Ok(true)
        };
        if seen.is_some_and(|seen| (&seen.epoch, seen.counter) == (&head.epoch, head.counter)) {
            return self.write(swap);
        }
        // A counter that clients have been told must not come back after a power cut with
        // another meaning.
        self.write_durably(swap)
    }

    fn write_durably<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        self.read(|connection| connection.execute_batch("PRAGMA synchronous = FULL"))?;
        let outcome = self.write(work);
        self.read(|connection| connection.execute_batch("PRAGMA synchronous = NORMAL"))?;
        outcome
    }
}

fn head(connection: &Connection, key: JournalKey<'_>) -> rusqlite::Result<Option<JournalHead>> {
    let mut query = connection.prepare_cached(
        "SELECT epoch, counter, fingerprint, count, verified_secs, learnt FROM journal
         WHERE account = :account AND data_type = :data_type",
    )?;
    let parameters = named_params! { ":account": key.account, ":data_type": key.data_type };
    query.query_row(parameters, read_head).optional()
}

fn read_head(row: &Row<'_>) -> rusqlite::Result<JournalHead> {
    Ok(JournalHead {
        epoch: row.get("epoch")?,
        counter: row.get::<_, i64>("counter")?.cast_unsigned(),
        fingerprint: u128::from_be_bytes(row.get("fingerprint")?),
        count: row.get::<_, i64>("count")?.cast_unsigned(),
        verified_secs: row.get("verified_secs")?,
        learnt: row.get("learnt")?,
    })
}

fn write_head(
    transaction: &Transaction<'_>,
    key: JournalKey<'_>,
    head: &JournalHead,
) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO journal
            (account, data_type, epoch, counter, fingerprint, count, verified_secs, learnt)
         VALUES
            (:account, :data_type, :epoch, :counter, :fingerprint, :count, :verified_secs, :learnt)",
    )?;
    insert.execute(named_params! {
        ":account": key.account,
        ":data_type": key.data_type,
        ":epoch": head.epoch,
        ":counter": head.counter.cast_signed(),
        ":fingerprint": head.fingerprint.to_be_bytes(),
        ":count": head.count.cast_signed(),
        ":verified_secs": head.verified_secs,
        ":learnt": head.learnt,
    })?;
    Ok(())
}

fn write_body(
    transaction: &Transaction<'_>,
    key: JournalKey<'_>,
    body: &[u8],
) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO journal_body (account, data_type, body)
         VALUES (:account, :data_type, :body)",
    )?;
    insert.execute(named_params! {
        ":account": key.account,
        ":data_type": key.data_type,
        ":body": body,
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{JournalHead, JournalKey, new_epoch};
    use crate::state::State;

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
        let state = State::in_memory().unwrap();
        assert_eq!(state.journal_head(KEY).unwrap(), None);
        assert_eq!(state.journal(KEY).unwrap(), None);
    }

    #[test]
    fn journal_returns_what_was_swapped_in() {
        let state = State::in_memory().unwrap();
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
        let state = State::in_memory().unwrap();
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
        let state = State::in_memory().unwrap();
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
        let state = State::in_memory().unwrap();
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
