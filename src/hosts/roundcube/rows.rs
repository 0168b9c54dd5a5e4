//! Reading Roundcube's tables in pages.

use super::settings::Settings;
use crate::db::{Database, Kind, Param, Row};
use crate::store::{StoreError, Wanted};
use std::fmt::Write;
use std::ops::ControlFlow;

/// How many rows one query brings. Handing over a row then costs far less than converting it.
pub const PAGE_ROWS: usize = 500;

/// The tables of one user.
pub struct Tables<'a> {
    pub database: Box<dyn Database + 'a>,
    pub settings: Settings,
}

pub type VisitRow<'a> = &'a mut dyn FnMut(&dyn Row) -> Result<(), StoreError>;

/// A query whose rows are visited in the order of a key, page by page.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// It selects the key first and ends in a `WHERE` that names the user.
    pub select: &'a str,
    pub params: &'a [Param<'a>],
    /// One or two integer columns that are unique together.
    pub key: &'a [&'a str],
}

/// Which keys of a table a read is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    All,
    Of(Vec<i64>),
}

impl Keys {
    /// The wanted keys among ids that are this letter and the key.
    pub fn of(wanted: Wanted<'_>, letter: char) -> Self {
        match wanted {
            Wanted::All => Keys::All,
            Wanted::Ids(ids) => Keys::Of(
                ids.iter()
                    .filter_map(|id| parse_key(id.as_str().strip_prefix(letter)?))
                    .collect(),
            ),
        }
    }
}

/// A key in decimal. `None` for every other spelling of the same number, so that a record has
/// one id.
pub fn parse_key(digits: &str) -> Option<i64> {
    let key: i64 = digits.parse().ok()?;
    (key > 0 && key.to_string() == digits).then_some(key)
}

impl Tables<'_> {
    pub fn user(&self) -> Param<'static> {
        Param::Integer(self.settings.user_id)
    }

    /// Does all of it or, where it fails, nothing.
    pub fn atomically<T>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.database.begin()?;
        let done = work().and_then(|done| {
            self.database.commit()?;
            Ok(done)
        });
        if done.is_err() {
            // Why it failed says more than what may be wrong with the connection since.
            let _ = self.database.roll_back();
        }
        done
    }

    /// Refuses parameters that are together too large for a statement.
    ///
    /// # Errors
    /// `TooLarge` where MySQL would not only refuse the statement (`max_allowed_packet`) but
    /// end the connection, and with it the rest of the request.
    pub fn check_size(&self, params: &[Param<'_>]) -> Result<(), StoreError> {
        /// Every server takes as much, and what else is in a statement.
        const SMALL_OCTETS: usize = 500_000;
        const REST_OCTETS: usize = 20_000;
        let quoted = |param: &Param<'_>| {
            let octets = match param {
                Param::Integer(_) => &[],
                Param::Text(text) => text.as_bytes(),
                Param::Octets(octets) => octets,
            };
            let escaped = |octet: &&u8| b"\0\n\r\x1a\\'\"".contains(octet);
            octets.len() + octets.iter().filter(escaped).count()
        };
        let quoted: usize = params.iter().map(quoted).sum();
        if self.database.kind() != Kind::Mysql || quoted < SMALL_OCTETS {
            return Ok(());
        }
        let mut max_octets = 0;
        self.page("SELECT @@max_allowed_packet", &[], &mut |row| {
            max_octets = row.cell(0).integer().unwrap_or(0);
            Ok(())
        })?;
        match usize::try_from(max_octets) {
            Ok(max_octets) if quoted + REST_OCTETS <= max_octets => Ok(()),
            _ => Err(StoreError::TooLarge),
        }
    }

    /// Visits the rows of one bounded query and says how many there were.
    pub fn page(
        &self,
        sql: &str,
        params: &[Param<'_>],
        visit: VisitRow<'_>,
    ) -> Result<usize, StoreError> {
        let mut seen = 0;
        let mut failure = None;
        self.database.rows(sql, params, &mut |row| {
            seen += 1;
            match visit(row) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failure.map_or(Ok(seen), Err)
    }

    /// Visits the rows with these keys, each once, in the order of the key.
    pub fn read(
        &self,
        query: Query<'_>,
        keys: &Keys,
        visit: VisitRow<'_>,
    ) -> Result<(), StoreError> {
        match keys {
            Keys::All => self.walk(query, visit),
            Keys::Of(keys) => {
                let max = self.max_key();
                let mut keys: Vec<_> = keys.iter().copied().filter(|key| *key <= max).collect();
                keys.sort_unstable();
                keys.dedup();
                keys.chunks(PAGE_ROWS)
                    .try_for_each(|keys| self.pick(query, keys, visit))
            }
        }
    }

    /// Visits all rows in the order of the key.
    pub fn walk(&self, query: Query<'_>, visit: VisitRow<'_>) -> Result<(), StoreError> {
        let Query {
            select,
            params,
            key,
        } = query;
        let order = key.join(", ");
        let after = match key {
            [first, second] => format!("({first} > ? OR {first} = ? AND {second} > ?)"),
            _ => format!("{order} > ?"),
        };
        let sql = format!("{select} AND {after} ORDER BY {order} LIMIT {PAGE_ROWS}");
        // Keys count from 1.
        let mut last = (0, 0);
        loop {
            let (first, second) = (Param::Integer(last.0), Param::Integer(last.1));
            let position = match key {
                [_, _] => &[first, first, second][..],
                _ => &[first],
            };
            let params = [params, position].concat();
            let seen = self.page(&sql, &params, &mut |row| {
                last.0 = row_key(row, 0)?;
                if key.len() == 2 {
                    last.1 = row_key(row, 1)?;
                }
                visit(row)
            })?;
            if seen < PAGE_ROWS {
                return Ok(());
            }
        }
    }

    /// PostgreSQL refuses to compare its columns with a larger number.
    fn max_key(&self) -> i64 {
        match self.database.kind() {
            Kind::Postgres => i32::MAX.into(),
            Kind::Sqlite | Kind::Mysql => i64::MAX,
        }
    }

    fn pick(&self, query: Query<'_>, keys: &[i64], visit: VisitRow<'_>) -> Result<(), StoreError> {
        let Query {
            select,
            params,
            key,
        } = query;
        let [key] = key else {
            return Err(StoreError::Backend(
                "rows are picked by a single key".into(),
            ));
        };
        let placeholders = vec!["?"; keys.len()].join(", ");
        let sql = format!("{select} AND {key} IN ({placeholders}) ORDER BY {key}");
        let keys = keys.iter().copied().map(Param::Integer);
        let params: Vec<_> = params.iter().copied().chain(keys).collect();
        self.page(&sql, &params, visit).map(drop)
    }
}

/// A key that a row must have.
pub fn row_key(row: &dyn Row, column: usize) -> Result<i64, StoreError> {
    row.cell(column)
        .integer()
        .ok_or_else(|| StoreError::Backend("a row has no key".into()))
}

/// SQL for the size of a text column.
pub fn octets(kind: Kind, column: &str) -> String {
    match kind {
        Kind::Sqlite => format!("length(CAST({column} AS blob))"),
        Kind::Mysql => format!("LENGTH({column})"),
        Kind::Postgres => format!("octet_length({column})"),
    }
}

/// SQL that is true where a text column holds the octets of a parameter, NULL being none.
pub fn holds(kind: Kind, column: &str) -> String {
    match kind {
        // A collation would take other texts for equal.
        Kind::Mysql => format!("CAST(COALESCE({column}, '') AS BINARY) = CAST(? AS BINARY)"),
        Kind::Sqlite | Kind::Postgres => format!("COALESCE({column}, '') = ?"),
    }
}

/// An id, in a buffer that is used again for the next one.
pub fn write_id(id: &mut String, letter: char, key: i64) {
    id.clear();
    id.push(letter);
    // Writing to a String does not fail.
    let _ = write!(id, "{key}");
}

#[cfg(test)]
mod tests {
    use super::Keys;
    use crate::store::{Id, Wanted};

    #[test]
    fn keys_take_one_spelling_of_each_number() {
        let ids = [
            "c7",
            "c07",
            "c-7",
            "c+7",
            "g7",
            "c",
            "c99999999999999999999",
            "c0",
            "7",
        ];
        let ids: Vec<_> = ids.into_iter().filter_map(Id::new).collect();
        assert_eq!(Keys::of(Wanted::Ids(&ids), 'c'), Keys::Of(vec![7]));
        assert_eq!(Keys::of(Wanted::All, 'c'), Keys::All);
    }
}
