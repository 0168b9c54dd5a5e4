//! Our own state: the change journal, uploads, login reuse and leases.
//!
//! All of it is disposable. Losing it costs clients a resync, an upload a retry and a login
//! one more question to the webmail; so a file that is damaged or of another version is
//! replaced without asking. What belongs to the user never lives here.
//!
//! It is one SQLite file for each installation of a webmail, which nothing but this module
//! opens (a second copy of SQLite in the process would drop its locks). The workers of a
//! machine share it; it must not lie on a network file system, where its locks mean nothing.
//!
//! No method calls foreign code, and none returns with a transaction open, so a bailout of
//! PHP finds nothing locked. Times are handed in as Unix seconds; [`now_secs`] is the clock.

mod failures;
mod file;
pub mod journal;
pub mod leases;
pub mod logins;
mod purge;
#[cfg(test)]
mod testing;
mod upload_room;
pub mod uploads;

pub use journal::{JournalHead, JournalKey};
pub use leases::{Lease, LeaseRule};
pub use logins::{Credentials, LoginCheck, LoginRules};
pub use uploads::{Blob, Upload, UploadError, UploadRoom};

use crate::store::StoreError;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

/// A way into the state of one installation.
#[derive(Debug)]
pub struct State {
    connection: Rc<Connection>,
    /// `None` for a state in memory.
    file: Option<file::StateFile>,
}

impl State {
    /// Opens the state of the installation that is configured as `instance`.
    ///
    /// `dir` must exist, belong to the user that the process runs as, and be closed to all
    /// others. The connection stays open for the next request of this worker.
    ///
    /// # Errors
    /// `Directory` is the admin's to mend; nothing has been written then.
    pub fn open(dir: &Path, instance: &str) -> Result<Self, StateError> {
        let (connection, file) = file::connect(dir, instance)?;
        Ok(Self {
            connection,
            file: Some(file),
        })
    }

    /// A state that lives as long as this value, for tests.
    pub fn in_memory() -> Result<Self, StateError> {
        let connection = file::in_memory().map_err(StateError::from)?;
        Ok(Self {
            connection: Rc::new(connection),
            file: None,
        })
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        work(&self.connection).map_err(|error| self.judge(error))
    }

    /// Runs `work` in one transaction that holds the write lock from its start, so that what
    /// it reads is still true when it writes. An error undoes all of it.
    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        let attempt = || {
            let behavior = TransactionBehavior::Immediate;
            let transaction = Transaction::new_unchecked(&self.connection, behavior)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        attempt().map_err(|error| self.judge(error))
    }

    /// A damaged file is taken away at once, so that the next request starts a new one.
    fn judge(&self, error: rusqlite::Error) -> StateError {
        let error = StateError::from(error);
        if let (StateError::Damaged(_), Some(file)) = (&error, &self.file) {
            file.discard();
        }
        error
    }
}

/// The present time in Unix seconds.
pub fn now_secs() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

/// Octets that nobody can guess.
fn random<const OCTETS: usize>() -> Result<[u8; OCTETS], StateError> {
    let mut octets = [0; OCTETS];
    getrandom::fill(&mut octets).map_err(StateError::Random)?;
    Ok(octets)
}

/// Why the state could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The configured directory is unfit; the admin must mend it.
    #[error("the state directory {} {problem}", path.display())]
    Directory {
        path: PathBuf,
        problem: &'static str,
    },
    #[error("the state directory {} cannot be used", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Other workers held the lock for too long; the same call may do later.
    #[error("the state is locked by others")]
    Busy,
    /// The file was damaged and has been taken away; the next request starts a new one.
    #[error("the state is damaged")]
    Damaged(#[source] rusqlite::Error),
    #[error("the state cannot be read or written")]
    Sqlite(#[source] rusqlite::Error),
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
}

impl From<rusqlite::Error> for StateError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error;
        match &error {
            // A value of the wrong type or size, where only we write.
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..) => return Self::Damaged(error),
            _ => {}
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error),
            _ => Self::Sqlite(error),
        }
    }
}

impl From<StateError> for StoreError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Busy | StateError::Damaged(_) => Self::Unavailable(Box::new(error)),
            _ => Self::Backend(Box::new(error)),
        }
    }
}

#[cfg(test)]
mod tests;
