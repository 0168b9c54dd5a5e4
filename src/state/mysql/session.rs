//! One connection while it is used, and what becomes of it.

use crate::state::StateError;
use crate::state::sql::{Parameters, Row, Sql, Value, VisitRow};
use crate::state::turn::Turn;
use mysql::prelude::Queryable;
use mysql::{Conn, DriverError, Error, Params};
use std::cell::{Cell, RefCell};
use std::io::ErrorKind;

/// Whether a connection may be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Sound,
    /// The server is no longer at its other end, and nothing was committed: what was tried may
    /// be tried again on another.
    Lost,
    /// It answers too late, or it is not known how far it came.
    Spoilt,
}

/// A connection in use.
pub(super) struct Session {
    connection: RefCell<Conn>,
    health: Cell<Health>,
}

impl Session {
    pub(super) fn new(connection: Conn) -> Self {
        Self {
            connection: RefCell::new(connection),
            health: Cell::new(Health::Sound),
        }
    }

    pub(super) fn end(self) -> (Conn, Health) {
        (self.connection.into_inner(), self.health.get())
    }

    /// Runs a statement that has neither parameters nor rows.
    pub(super) fn command(&self, sql: &str) -> Result<(), StateError> {
        let outcome = self.connection.borrow_mut().query_drop(sql);
        outcome.map_err(|error| self.judge(error))
    }

    /// Runs `work` between the beginning of the turn and a commit, or undoes it.
    pub(super) fn transaction<T>(
        &self,
        turn: Turn<'_>,
        work: impl Fn(&dyn Sql) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        self.command("START TRANSACTION")?;
        let outcome = self.take(turn).and_then(|()| work(self));
        match outcome {
            Ok(value) => {
                self.commit()?;
                Ok(value)
            }
            Err(error) => {
                // What lost its connection is undone by the server.
                if self.health.get() == Health::Sound && self.command("ROLLBACK").is_err() {
                    self.health.set(Health::Spoilt);
                }
                Err(error)
            }
        }
    }

    fn take(&self, turn: Turn<'_>) -> Result<(), StateError> {
        let taken = self.execute(
            "UPDATE openxport_turns SET taken = taken + 1 WHERE turn = :turn",
            &[("turn", Value::Integer(turn.number()))],
        )?;
        match taken {
            1 => Ok(()),
            _ => Err(StateError::Damaged("a turn is missing".into())),
        }
    }

    fn commit(&self) -> Result<(), StateError> {
        self.command("COMMIT").inspect_err(|_| {
            if self.health.get() == Health::Lost {
                // It may or may not have come about, so it must not be done twice.
                self.health.set(Health::Spoilt);
            }
        })
    }

    fn judge(&self, error: Error) -> StateError {
        let (health, error) = judge(error);
        // Once broken, it stays so.
        if self.health.get() == Health::Sound {
            self.health.set(health);
        }
        error
    }
}

impl Sql for Session {
    fn execute(&self, sql: &str, parameters: Parameters<'_>) -> Result<u64, StateError> {
        let mut connection = self.connection.borrow_mut();
        let outcome = connection.exec_drop(sql, bound(parameters));
        outcome.map_err(|error| self.judge(error))?;
        Ok(connection.affected_rows())
    }

    fn visit(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
        visit: VisitRow<'_>,
    ) -> Result<(), StateError> {
        let mut connection = self.connection.borrow_mut();
        let rows = connection.exec_iter(sql, bound(parameters));
        for row in rows.map_err(|error| self.judge(error))? {
            if visit(&row.map_err(|error| self.judge(error))?)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn bound(parameters: Parameters<'_>) -> Params {
    if parameters.is_empty() {
        return Params::Empty;
    }
    let bound = |(name, value): &(&str, Value<'_>)| {
        let value = match value {
            Value::Integer(number) => mysql::Value::Int(*number),
            Value::Text(text) => mysql::Value::Bytes(text.as_bytes().to_vec()),
            Value::Octets(octets) => mysql::Value::Bytes(octets.to_vec()),
        };
        (name.as_bytes().to_vec(), value)
    };
    Params::Named(parameters.iter().map(bound).collect())
}

impl Row for mysql::Row {
    fn integer(&self, column: &str) -> Result<i64, StateError> {
        let number = match value(self, column)? {
            mysql::Value::Int(number) => Some(*number),
            mysql::Value::UInt(number) => i64::try_from(*number).ok(),
            // A sum is a decimal.
            mysql::Value::Bytes(digits) => std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse().ok()),
            _ => None,
        };
        number.ok_or_else(|| StateError::Damaged(format!("{column} holds no integer").into()))
    }

    fn octets(&self, column: &str) -> Result<&[u8], StateError> {
        match value(self, column)? {
            mysql::Value::Bytes(octets) => Ok(octets),
            _ => Err(StateError::Damaged(
                format!("{column} holds no octets").into(),
            )),
        }
    }
}

fn value<'r>(row: &'r mysql::Row, column: &str) -> Result<&'r mysql::Value, StateError> {
    let columns = row.columns_ref().iter();
    let place = columns
        .map(mysql::Column::name_str)
        .position(|name| name == column);
    place
        .and_then(|place| row.as_ref(place))
        .ok_or_else(|| StateError::Backend(format!("there is no column {column}").into()))
}

/// What an error says of the connection, and of what was tried on it.
pub(super) fn judge(error: Error) -> (Health, StateError) {
    let is_late = |kind| matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut);
    match &error {
        Error::MySqlError(refused) => match refused.code {
            // Lock wait timeout, deadlock, a row that changed meanwhile, a statement to be
            // prepared anew, a statement that took too long.
            1205 | 1213 | 1020 | 1615 | 1969 | 3024 => (Health::Sound, StateError::Busy),
            // No such table, no such column, and tables whose files are missing or broken.
            1146 | 1054 | 1033 | 1034 | 1035 | 1194 | 1195 | 1712 | 1812 | 1932 => {
                (Health::Sound, StateError::Damaged(error.into()))
            }
            // Shut down, killed, idle for too long, or no longer the one that may write.
            1053 | 1290 | 1836 | 1927 | 4031 => (Health::Lost, StateError::Gone(error.into())),
            // Too many connections, of all, of a user, or from this host in vain.
            1040 | 1203 | 1226 | 1129 => (Health::Spoilt, StateError::Gone(error.into())),
            _ => (Health::Sound, StateError::Backend(error.into())),
        },
        Error::IoError(fault) if is_late(fault.kind()) => {
            (Health::Spoilt, StateError::Gone(error.into()))
        }
        Error::DriverError(DriverError::ConnectTimeout | DriverError::CouldNotConnect(_)) => {
            (Health::Spoilt, StateError::Gone(error.into()))
        }
        Error::IoError(_) | Error::CodecError(_) => (Health::Lost, StateError::Gone(error.into())),
        _ => (Health::Spoilt, StateError::Backend(error.into())),
    }
}
