//! Whether anything in a table has changed, from the traces that Roundcube leaves there.
//!
//! Roundcube sets `changed` (in `contactgroupmembers`: `created`) to the database's own time,
//! in whole seconds, whenever it inserts, updates, flags as deleted or undeletes a row; only
//! removing a row leaves no trace but its absence. The fingerprint of a table is therefore
//! the digest of
//!
//! - how many rows there are, and the newest `changed`;
//! - the contents of the *fresh* rows, if the table is *unsettled*;
//! - for databases whose clock does not always go forward, the sum of all keys, and all
//!   times: one after another, or weighted by the key and summed up.
//!
//! A table is unsettled while the newest `changed` is not older than two seconds, by the
//! clock that wrote it; its fresh rows are those whose `changed` is at most two seconds
//! older than that newest one, or than now if that is earlier.
//!
//! *Nothing is missed while the clock goes forward.* Say the table is looked at, then
//! changes, then is looked at again. If a row was inserted or updated, its `changed` is not
//! older than the first look. So either the newest `changed` is another one, or the first
//! look found the table unsettled and has digested the contents of every row that can have
//! been written in the same second; the second look digests other contents, or, when the
//! table has settled, none. If rows were only removed, the count is another one. The two
//! seconds are a margin for writes that took some time to become visible.
//!
//! *It is cheap when it matters.* A table at rest is one aggregate query, also when a bulk
//! import has given ten thousand rows the same `changed`. While unsettled it costs as much as
//! reading the fresh rows, and settling changes the digest once although nothing else has
//! changed: whoever compares then looks at the versions of the records, and finds them equal.
//!
//! *When the clock goes back*, as MySQL's local time does at the end of summer, rows are
//! written whose `changed` is older than the newest. The sum of the times sees that, and two
//! rows cannot swap theirs unseen. Rows of the current second are fresh then too, because
//! they are measured against now. Only a row that is written twice at exactly the same local
//! time, an hour apart, goes unseen until the next full scan.

use super::dates::two_seconds_before;
use super::digest::Digest;
use super::rows::Tables;
use crate::db::{Kind, Param};
use crate::store::StoreError;

/// The rows of one user in a table.
#[derive(Clone, Copy)]
pub struct Traces<'a> {
    /// The table and a `WHERE` that names the user.
    pub from: &'a str,
    pub params: &'a [Param<'a>],
    /// One or two integer columns that are unique together.
    pub key: &'a [&'a str],
    pub changed: &'a str,
}

/// Digests the contents of the rows since a time, which is in the words of the database.
pub type AddFresh<'a> = &'a dyn Fn(&mut Digest, &str) -> Result<(), StoreError>;

/// Adds the fingerprint of a table and says how many rows it has.
pub fn add(
    digest: &mut Digest,
    tables: &Tables<'_>,
    traces: Traces<'_>,
    add_fresh: AddFresh<'_>,
) -> Result<u64, StoreError> {
    let Traces {
        from,
        params,
        key,
        changed,
    } = traces;
    let key = single_key(key);
    let sql = match tables.database.kind() {
        Kind::Sqlite => return add_of_sqlite(digest, tables, traces, add_fresh),
        // The stored value is taken as it is, because local times repeat in autumn.
        Kind::Mysql => format!(
            "SELECT COUNT(*), MAX({changed}), \
             SUM({key}), SUM(({key} % 65521 + 1) * (TO_SECONDS({changed}) % 16777213)), \
             CASE WHEN MAX({changed}) < NOW() - INTERVAL 2 SECOND THEN 1 ELSE 0 END, \
             LEAST(MAX({changed}), NOW()) - INTERVAL 2 SECOND \
             FROM {from}"
        ),
        Kind::Postgres => format!(
            "SELECT COUNT(*), MAX({changed}), \
             SUM({key}), SUM(({key} % 65521 + 1) \
             * (CAST(EXTRACT(EPOCH FROM {changed}) * 1000000 AS bigint) % 16777213)), \
             CASE WHEN MAX({changed}) < now() - interval '2 seconds' THEN 1 ELSE 0 END, \
             LEAST(MAX({changed}), now()) - interval '2 seconds' \
             FROM {from}"
        ),
    };
    let mut count = 0;
    let mut fresh_since = None;
    tables.page(&sql, params, &mut |row| {
        count = row.cell(0).integer().unwrap_or(0);
        digest.add_cells(row, 0..4);
        let is_settled = count == 0 || row.cell(4).integer() == Some(1);
        fresh_since = (!is_settled).then(|| row.cell(5).text().into_owned());
        Ok(())
    })?;
    if let Some(since) = fresh_since {
        add_fresh(digest, &since)?;
    }
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The same where the database is part of our own process, and every operator costs as much
/// as reading the row. So the times, 19 octets each, are handed over and looked at here. Their
/// order follows the index, so that it is the same while nothing changes.
fn add_of_sqlite(
    digest: &mut Digest,
    tables: &Tables<'_>,
    traces: Traces<'_>,
    add_fresh: AddFresh<'_>,
) -> Result<u64, StoreError> {
    let Traces {
        from, key, changed, ..
    } = traces;
    let key = single_key(key);
    let sql = format!("SELECT SUM({key}), group_concat({changed}), datetime('now') FROM {from}");
    let mut count = 0;
    let mut fresh_since = None;
    tables.page(&sql, traces.params, &mut |row| {
        digest.add_cells(row, 0..2);
        let (times, now) = (row.cell(1).octets(), row.cell(2).octets());
        if times.is_empty() {
            return Ok(());
        }
        let mut newest = &b""[..];
        for time in times.split(|octet| *octet == b',') {
            count += 1;
            newest = newest.max(time);
        }
        if newest >= two_seconds_before(&now).as_bytes() {
            fresh_since = Some(two_seconds_before(newest.min(&now)));
        }
        Ok(())
    })?;
    if let Some(since) = fresh_since {
        add_fresh(digest, &since)?;
    }
    Ok(count)
}

/// One number for the key, small enough that a million of them can be summed in 64 bits, and
/// computed in the 32 bits of PostgreSQL's integers.
fn single_key(key: &[&str]) -> String {
    match key {
        [first, second] => format!("({first} % 32749 * 65521 + {second} % 65521)"),
        _ => key.concat(),
    }
}
