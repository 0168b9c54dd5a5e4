//! The state in a SQLite file, for the workers of one machine.
//!
//! It is one file for each installation of a webmail, which nothing but this module opens (a
//! second copy of SQLite in the process would drop its locks). It must not lie on a network
//! file system, where its locks mean nothing.

mod file;

use super::StateError;
use super::sql::{Parameters, Row, Sql, Value, VisitRow};
use file::StateFile;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, Transaction, TransactionBehavior};
use std::path::Path;
use std::rc::Rc;

/// How much free space one purge gives back to the file system.
const MAX_FREE_PAGES: u32 = 512;

/// A way into the file, shared with whoever else this worker lets in.
#[derive(Debug)]
pub(super) struct Sqlite {
    connection: Rc<Connection>,
    /// `None` for a state in memory.
    file: Option<StateFile>,
}

impl Sqlite {
    /// The kept connection to the installation's file, or a new one.
    pub(super) fn open(directory: &Path, instance: &str) -> Result<Self, StateError> {
        let (connection, file) = file::connect(directory, instance)?;
        Ok(Self {
            connection,
            file: Some(file),
        })
    }

    pub(super) fn in_memory() -> Result<Self, StateError> {
        Ok(Self {
            connection: Rc::new(file::in_memory()?),
            file: None,
        })
    }

    pub(super) fn run<T>(
        &self,
        work: impl Fn(&dyn Sql) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        work(&*self.connection).inspect_err(|error| self.judge(error))
    }

    /// Holds the write lock from the start, so that what `work` reads is still true when it
    /// writes.
    pub(super) fn write<T>(
        &self,
        work: impl Fn(&dyn Sql) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let attempt = || {
            let behavior = TransactionBehavior::Immediate;
            let transaction = Transaction::new_unchecked(&self.connection, behavior)?;
            let value = work(&*transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        attempt().inspect_err(|error| self.judge(error))
    }

    /// Like [`Self::write`], and a power cut does not undo it.
    pub(super) fn write_durably<T>(
        &self,
        work: impl Fn(&dyn Sql) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let set = |level| self.connection.execute_batch(level);
        set("PRAGMA synchronous = FULL")?;
        let outcome = self.write(work);
        set("PRAGMA synchronous = NORMAL")?;
        outcome
    }

    pub(super) fn give_back_space(&self) -> Result<(), StateError> {
        let vacuum = format!("PRAGMA incremental_vacuum({MAX_FREE_PAGES})");
        let outcome = self.connection.execute_batch(&vacuum);
        outcome
            .map_err(StateError::from)
            .inspect_err(|error| self.judge(error))
    }

    /// A damaged file is taken away at once, so that the next request starts a new one.
    fn judge(&self, error: &StateError) {
        if let (StateError::Damaged(_), Some(file)) = (error, &self.file) {
            file.discard();
        }
    }
}

impl Sql for Connection {
    fn execute(&self, sql: &str, parameters: Parameters<'_>) -> Result<u64, StateError> {
        let mut statement = self.prepare_cached(sql)?;
        let changed = bind(&mut statement, parameters)?.raw_execute()?;
        Ok(changed as u64)
    }

    fn visit(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
        visit: VisitRow<'_>,
    ) -> Result<(), StateError> {
        let mut statement = self.prepare_cached(sql)?;
        let mut rows = bind(&mut statement, parameters)?.raw_query();
        while let Some(row) = rows.next()? {
            if visit(row)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn bind<'s, 'c>(
    statement: &'s mut rusqlite::Statement<'c>,
    parameters: Parameters<'_>,
) -> rusqlite::Result<&'s mut rusqlite::Statement<'c>> {
    for (name, value) in parameters {
        let index = statement.parameter_index(&format!(":{name}"))?;
        let index = index.ok_or_else(|| rusqlite::Error::InvalidParameterName((*name).into()))?;
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(statement)
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Integer(number) => ToSqlOutput::from(*number),
            Self::Text(text) => ToSqlOutput::from(*text),
            Self::Octets(octets) => ToSqlOutput::from(*octets),
        })
    }
}

impl Row for rusqlite::Row<'_> {
    fn integer(&self, column: &str) -> Result<i64, StateError> {
        Ok(self.get(column)?)
    }

    fn octets(&self, column: &str) -> Result<&[u8], StateError> {
        match self.get_ref(column)? {
            ValueRef::Text(octets) | ValueRef::Blob(octets) => Ok(octets),
            _ => Err(StateError::Damaged(
                format!("{column} holds no octets").into(),
            )),
        }
    }
}

impl From<rusqlite::Error> for StateError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error;
        match &error {
            // A value of the wrong type or size, where only we write.
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..) => return Self::Damaged(error.into()),
            _ => {}
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.into())
            }
            _ => Self::Backend(error.into()),
        }
    }
}
