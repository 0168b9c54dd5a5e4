//! Our own state: the change journal, uploads, login reuse and leases.
//!
//! All of it is disposable. Losing it costs clients a resync, an upload a retry and a login
//! one more question to the webmail; so a file that is damaged or of another version is
//! replaced without asking. What belongs to the user never lives here.
//!
//! The workers of one machine share a SQLite file; those of a cluster share tables on a MySQL
//! or MariaDB server (see [`Place`]). What is kept and what it means is the same SQL on both:
//! `sql` is what they have in common, `sqlite` and `mysql` are how each is reached, how
//! it locks, and what becomes of a bad state.
//!
//! No method calls foreign code, and none returns with a transaction open, so a bailout of
//! PHP finds nothing locked. Times are handed in as Unix seconds; [`now_secs`] is the clock.

mod failures;
pub mod journal;
pub mod leases;
pub mod logins;
mod mysql;
mod place;
mod purge;
mod sql;
mod sqlite;
#[cfg(test)]
pub(crate) mod testing;
mod turn;
mod upload_room;
pub mod uploads;

pub use journal::{JournalHead, JournalKey};
pub use leases::{Lease, LeaseRule};
pub use logins::{Credentials, LoginCheck, LoginRules};
pub use place::Place;
pub use uploads::{Blob, Upload, UploadError, UploadRoom};

use crate::store::StoreError;
use mysql::Server;
use sha2::{Digest, Sha256};
use sql::Sql;
use sqlite::Sqlite;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use turn::Turn;

/// How long to wait for other workers before a request fails.
const PATIENCE: Duration = Duration::from_secs(2);

/// Large values are stored in pieces, so that neither memory nor a packet has to hold more.
const PIECE_OCTETS: usize = 256 * 1024;

/// A way into the state of one installation.
#[derive(Debug)]
pub struct State {
    driver: Driver,
    /// Tells installations apart that share a database.
    instance: String,
}

#[derive(Debug)]
enum Driver {
    Sqlite(Sqlite),
    Mysql(Rc<Server>),
}

impl State {
    /// Opens the state of the installation that is configured as `instance`. The connection
    /// stays open for the next request of this worker.
    ///
    /// # Errors
    /// `Directory` and `Url` are the admin's to mend; nothing has been written then.
    pub fn open(place: &Place, instance: &str) -> Result<Self, StateError> {
        let instance = digest(instance);
        let driver = match place {
            Place::Directory(path) => Driver::Sqlite(Sqlite::open(path, &instance)?),
            Place::Server(url) => Driver::Mysql(mysql::connect(url)?),
        };
        Ok(Self { driver, instance })
    }

    /// A state that lives as long as this value, for tests.
    pub fn in_memory() -> Result<Self, StateError> {
        Ok(Self {
            driver: Driver::Sqlite(Sqlite::in_memory()?),
            instance: digest(""),
        })
    }

    /// Runs statements that each stand for themselves. `work` may be run again when the
    /// connection was lost.
    fn run<T>(&self, work: impl Fn(&dyn Sql) -> Result<T, StateError>) -> Result<T, StateError> {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.run(work),
            Driver::Mysql(server) => server.run(work),
        }
    }

    /// Runs `work` in one transaction, alone among those who take the same turn, so that what
    /// it reads is still true when it writes. An error undoes all of it. `work` may be run
    /// again after it was undone.
    fn write<T>(
        &self,
        turn: Turn<'_>,
        work: impl Fn(&dyn Sql) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        match &self.driver {
            // SQLite has one writer at a time in any case.
            Driver::Sqlite(sqlite) => sqlite.write(work),
            Driver::Mysql(server) => server.write(turn, work),
        }
    }

    /// Like [`Self::write`], and a power cut does not undo it.
    fn write_durably<T>(
        &self,
        turn: Turn<'_>,
        work: impl Fn(&dyn Sql) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.write_durably(work),
            // How durable a commit is, the server's admin has decided for all of it.
            Driver::Mysql(server) => server.write(turn, work),
        }
    }

    /// Hands back some of the space that removed rows took, where that is ours to do.
    fn give_back_space(&self) -> Result<(), StateError> {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.give_back_space(),
            Driver::Mysql(_) => Ok(()),
        }
    }

    /// What stands for an account in the tables.
    fn scoped(&self, account: &str) -> String {
        format!("{}{account}", self.instance)
    }
}

/// A short name for an installation: 16 hexadecimal digits.
fn digest(instance: &str) -> String {
    let digest = Sha256::digest(instance.as_bytes());
    let octets = digest.iter().take(8);
    octets.map(|octet| format!("{octet:02x}")).collect()
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

/// What a driver has to say of an error.
type Source = Box<dyn std::error::Error + Send + Sync>;

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
    /// The configured URL is unfit; the admin must mend it. It holds a password, so it is not
    /// shown.
    #[error("the URL of the state {0}")]
    Url(&'static str),
    /// Other workers held a lock for too long; the same call may do later.
    #[error("the state is locked by others")]
    Busy,
    /// The server cannot be reached or has gone away; the same call may do later.
    #[error("the state's server is out of reach")]
    Gone(#[source] Source),
    /// It was damaged and has been taken away; the next request starts a new one.
    #[error("the state is damaged")]
    Damaged(#[source] Source),
    #[error("the state cannot be read or written")]
    Backend(#[source] Source),
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
}

impl From<StateError> for StoreError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Busy | StateError::Gone(_) | StateError::Damaged(_) => {
                Self::Unavailable(Box::new(error))
            }
            _ => Self::Backend(Box::new(error)),
        }
    }
}

#[cfg(test)]
mod tests;
