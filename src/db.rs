//! The host's own database connection, as the host's stores see it.
//!
//! In a webmail the connection lives in PHP and the extension's bridge implements
//! [`Database`] over it; tests and benchmarks run the same SQL through [`sqlite`].

pub mod sqlite;
pub mod together;

use std::borrow::Cow;
use std::ops::ControlFlow;

/// Whose SQL the database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    /// MySQL and MariaDB.
    Mysql,
    Postgres,
}

/// A value bound to a `?` of the SQL.
///
/// A bridge may bind an integer as text, so SQL compares a parameter only with a column,
/// whose type then decides, and never with an expression.
#[derive(Clone, Copy, Debug)]
pub enum Param<'a> {
    Integer(i64),
    Text(&'a str),
    /// A text in whatever encoding the host has stored it.
    Octets(&'a [u8]),
}

/// A value of a row, borrowed from its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    Null,
    Integer(i64),
    /// Octets, in whatever encoding the host stored them; a bridge hands decimals and
    /// floating-point numbers over in this form too.
    Text(&'a [u8]),
}

impl<'a> Cell<'a> {
    /// The number, also when the driver gives numbers as decimal text. `None` for NULL and
    /// for what is no number of 64 bits.
    pub fn integer(self) -> Option<i64> {
        match self {
            Cell::Null => None,
            Cell::Integer(number) => Some(number),
            Cell::Text(octets) => std::str::from_utf8(octets).ok()?.parse().ok(),
        }
    }

    /// The octets; none for NULL.
    pub fn octets(self) -> Cow<'a, [u8]> {
        match self {
            Cell::Null => Cow::Borrowed(&[]),
            Cell::Integer(number) => Cow::Owned(number.to_string().into_bytes()),
            Cell::Text(octets) => Cow::Borrowed(octets),
        }
    }

    /// The text, where octets that are no UTF-8 read as U+FFFD.
    pub fn text(self) -> Cow<'a, str> {
        match self.octets() {
            Cow::Borrowed(octets) => String::from_utf8_lossy(octets),
            Cow::Owned(octets) => Cow::Owned(String::from_utf8_lossy(&octets).into_owned()),
        }
    }
}

/// One row of a result.
pub trait Row {
    /// The value of a column, counted from 0 in the order of the SELECT; NULL beyond the last.
    fn cell(&self, column: usize) -> Cell<'_>;
}

/// What [`Database::rows`] calls for each row; `Break` passes over the remaining ones.
pub type VisitRow<'a> = &'a mut dyn FnMut(&dyn Row) -> ControlFlow<()>;

/// An open connection, already limited to what the host may do.
///
/// SQL quotes identifiers as the [`Kind`] wants, holds no `?` and no backtick in a literal,
/// and writes a `LIMIT` as a literal: bridges substitute parameters on their own.
pub trait Database {
    fn kind(&self) -> Kind;

    /// Fetches one page of rows, which the SQL bounds by a `LIMIT` or an aggregate, and
    /// visits them in order. The whole page is in memory before the first visit, so that
    /// `visit` may use the connection again.
    fn rows(&self, sql: &str, params: &[Param<'_>], visit: VisitRow<'_>) -> Result<(), DbError>;

    /// Runs a statement and says how many rows it changed.
    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError>;

    /// Begins a transaction, of which there is one at a time. A bridge rolls back what a request
    /// leaves open.
    fn begin(&self) -> Result<(), DbError>;

    /// Keeps what has been done since [`Database::begin`]. When this fails, nobody knows whether
    /// it is kept.
    fn commit(&self) -> Result<(), DbError>;

    /// Undoes what has been done since [`Database::begin`]; nothing where the database has done
    /// so itself.
    fn roll_back(&self) -> Result<(), DbError>;

    /// Asks the host for something that only its own code can do; each host's folder says
    /// which abilities it needs. `None` when the answer is null.
    fn call(&self, ability: &str, arguments: &[Param<'_>]) -> Result<Option<Vec<u8>>, DbError>;
}

/// Why the database or the host's code did not answer. The message is for the log.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A passing fault: locked, gone away, too many connections.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    #[error("the database refused: {0}")]
    Refused(String),
    /// The host has no ability of this name.
    #[error("the host cannot do {0}")]
    NoAbility(String),
}

#[cfg(test)]
mod tests {
    use super::Cell;

    #[test]
    fn cell_integer_reads_numbers_and_their_text() {
        assert_eq!(Cell::Integer(-7).integer(), Some(-7));
        assert_eq!(Cell::Text(b"42").integer(), Some(42));
        assert_eq!(Cell::Text(b"42 apples").integer(), None);
        assert_eq!(Cell::Text(b"99999999999999999999").integer(), None);
        assert_eq!(Cell::Null.integer(), None);
    }

    #[test]
    fn cell_text_repairs_what_is_no_utf_8() {
        assert_eq!(Cell::Text(b"M\xfcller").text(), "M\u{fffd}ller");
        assert_eq!(Cell::Integer(7).text(), "7");
        assert_eq!(Cell::Null.text(), "");
    }
}
