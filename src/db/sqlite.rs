//! [`Database`] over a SQLite connection of our own, for tests and benchmarks.
//!
//! Inside PHP a host's file is only ever opened by PHP: a second copy of SQLite in one
//! process drops the first one's locks when it closes the file.

use super::{Cell, Database, DbError, Kind, Param, Row, VisitRow};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql};

/// A connection that has no host behind it, and so no ability to [`Database::call`].
#[derive(Debug)]
pub struct Sqlite {
    pub connection: Connection,
}

impl Database for Sqlite {
    fn kind(&self) -> Kind {
        Kind::Sqlite
    }

    fn rows(&self, sql: &str, params: &[Param<'_>], visit: VisitRow<'_>) -> Result<(), DbError> {
        for row in &self.page(sql, params)? {
            if visit(row).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let changed = statement.execute(rusqlite::params_from_iter(params))?;
        Ok(changed as u64)
    }

    fn begin(&self) -> Result<(), DbError> {
        Ok(self.connection.execute_batch("BEGIN")?)
    }

    fn commit(&self) -> Result<(), DbError> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    fn roll_back(&self) -> Result<(), DbError> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        Ok(self.connection.execute_batch("ROLLBACK")?)
    }

    fn call(&self, ability: &str, _arguments: &[Param<'_>]) -> Result<Option<Vec<u8>>, DbError> {
        Err(DbError::NoAbility(ability.to_owned()))
    }
}

impl Sqlite {
    fn page(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<FetchedRow>, DbError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let width = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(params))?;
        let mut page = Vec::new();
        while let Some(row) = rows.next()? {
            let cells: Result<_, _> = (0..width)
                .map(|column| row.get_ref(column).map(Fetched::of))
                .collect();
            page.push(FetchedRow(cells?));
        }
        Ok(page)
    }
}

struct FetchedRow(Vec<Fetched>);

/// A cell that outlives its statement.
enum Fetched {
    Null,
    Integer(i64),
    Text(Vec<u8>),
}

impl Fetched {
    fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Fetched::Null,
            ValueRef::Integer(number) => Fetched::Integer(number),
            ValueRef::Real(number) => Fetched::Text(number.to_string().into_bytes()),
            ValueRef::Text(octets) | ValueRef::Blob(octets) => Fetched::Text(octets.to_vec()),
        }
    }
}

impl Row for FetchedRow {
    fn cell(&self, column: usize) -> Cell<'_> {
        match self.0.get(column) {
            Some(Fetched::Integer(number)) => Cell::Integer(*number),
            Some(Fetched::Text(octets)) => Cell::Text(octets),
            Some(Fetched::Null) | None => Cell::Null,
        }
    }
}

// Integers are bound as text, as Roundcube's database layer does it, so that SQL which relies
// on a parameter's own type fails here too.
impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Param::Integer(number) => ToSqlOutput::from(number.to_string()),
            Param::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Param::Octets(octets) => ToSqlOutput::Borrowed(ValueRef::Text(octets)),
        })
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                DbError::Unavailable(error.to_string())
            }
            _ => DbError::Refused(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sqlite;
    use crate::db::{Cell, Database, DbError, Param};
    use rusqlite::Connection;
    use std::ops::ControlFlow;

    fn database() -> Sqlite {
        let connection = Connection::open_in_memory().expect("memory is open");
        connection
            .execute_batch("CREATE TABLE t (id integer PRIMARY KEY, text text)")
            .expect("the table is new");
        Sqlite { connection }
    }

    #[test]
    fn rows_hand_over_numbers_octets_and_null() {
        let database = database();
        let insert = "INSERT INTO t (id, text) VALUES (?, CAST(x'ff41' AS TEXT)), (?, NULL)";
        let ids = [Param::Integer(1), Param::Integer(2)];
        assert_eq!(database.execute(insert, &ids).expect("both are new"), 2);
        let mut seen = Vec::new();
        database
            .rows(
                "SELECT id, text FROM t WHERE id < ?",
                &[Param::Integer(9)],
                &mut |row| {
                    seen.push((row.cell(0).integer(), row.cell(1).octets().into_owned()));
                    assert_eq!(row.cell(2), Cell::Null);
                    ControlFlow::Continue(())
                },
            )
            .expect("the query is right");
        assert_eq!(seen, [(Some(1), b"\xffA".to_vec()), (Some(2), Vec::new())]);
    }

    #[test]
    fn rows_stop_when_the_visitor_says_so() {
        let database = database();
        database
            .execute("INSERT INTO t (id) VALUES (1), (2), (3)", &[])
            .expect("all are new");
        let mut seen = 0;
        database
            .rows("SELECT id FROM t", &[], &mut |_| {
                seen += 1;
                ControlFlow::Break(())
            })
            .expect("the query is right");
        assert_eq!(seen, 1);
    }

    #[test]
    fn rows_say_why_the_database_refused() {
        let refused = database().rows("SELECT nothing FROM t", &[], &mut |_| {
            ControlFlow::Continue(())
        });
        assert!(
            matches!(&refused, Err(DbError::Refused(message)) if message.contains("nothing")),
            "{refused:?}"
        );
    }
}
