//! The few things that the state asks of a database, in SQL that SQLite, MySQL and MariaDB all
//! speak: `REPLACE INTO`, no `RETURNING`, no `LIMIT` in a subquery's `IN`.

use super::StateError;
use std::ops::ControlFlow;

/// What is bound to a `:name` of the SQL.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Integer(i64),
    Text(&'a str),
    Octets(&'a [u8]),
}

/// Names, without the colon, and what is bound to them.
pub(super) type Parameters<'a> = &'a [(&'a str, Value<'a>)];

/// What [`Sql::visit`] calls for each row; `Break` passes over the remaining ones.
pub(super) type VisitRow<'a> = &'a mut dyn FnMut(&dyn Row) -> Result<ControlFlow<()>, StateError>;

/// An open connection. Each statement names its columns and binds its parameters by name.
pub(super) trait Sql {
    /// Runs a statement and says how many rows it found to change.
    fn execute(&self, sql: &str, parameters: Parameters<'_>) -> Result<u64, StateError>;

    /// Visits the rows of a query in order. `visit` must not use the connection.
    fn visit(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
        visit: VisitRow<'_>,
    ) -> Result<(), StateError>;
}

/// One row of a result, which only we can have written: what is of another type than asked
/// for is [`StateError::Damaged`].
pub(super) trait Row {
    fn integer(&self, column: &str) -> Result<i64, StateError>;

    fn octets(&self, column: &str) -> Result<&[u8], StateError>;

    fn text(&self, column: &str) -> Result<String, StateError> {
        let text = std::str::from_utf8(self.octets(column)?);
        text.map(str::to_owned)
            .map_err(|error| StateError::Damaged(error.into()))
    }
}

impl dyn Row + '_ {
    /// Octets of a known number.
    pub(super) fn array<const OCTETS: usize>(
        &self,
        column: &str,
    ) -> Result<[u8; OCTETS], StateError> {
        let array = self.octets(column)?.try_into();
        array.map_err(|error: std::array::TryFromSliceError| StateError::Damaged(error.into()))
    }
}

impl dyn Sql + '_ {
    /// What `read` makes of the first row. `None` when there is none.
    pub(super) fn row<T>(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
        read: impl Fn(&dyn Row) -> Result<T, StateError>,
    ) -> Result<Option<T>, StateError> {
        let mut found = None;
        self.visit(sql, parameters, &mut |row| {
            found = Some(read(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// What `read` makes of each row.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
        read: impl Fn(&dyn Row) -> Result<T, StateError>,
    ) -> Result<Vec<T>, StateError> {
        let mut found = Vec::new();
        self.visit(sql, parameters, &mut |row| {
            found.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(octets: &'a [u8]) -> Self {
        Self::Octets(octets)
    }
}

impl<'a, const OCTETS: usize> From<&'a [u8; OCTETS]> for Value<'a> {
    fn from(octets: &'a [u8; OCTETS]) -> Self {
        Self::Octets(octets)
    }
}

/// Binds values to names: `parameters! { account: key.account, now: now_secs }`.
macro_rules! parameters {
    ($($name:ident: $value:expr),* $(,)?) => {
        &[$((stringify!($name), $crate::state::sql::Value::from($value))),*]
    };
}

pub(super) use parameters;
