//! The state's file: where it lies, who may see it, and what becomes of a bad one.
//!
//! Whoever opens or replaces the file holds an exclusive lock on its directory meanwhile.
//! Otherwise a worker could open the old file and the new one's write-ahead log.

use crate::state::StateError;
use rusqlite::{Connection, OpenFlags};
use std::cell::RefCell;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The file is ours when it says "OXPt", and of this version when it has this number. Raise
/// it with every change of the schema.
const APPLICATION_ID: i64 = 0x4f58_5074;
const SCHEMA_VERSION: i64 = 4;
const SCHEMA: &str = include_str!("schema.sql");

/// How long to wait for other workers before a request fails.
const PATIENCE: Duration = Duration::from_secs(2);

/// One certain file, not just a name that leads to it now.
#[derive(Clone, Debug)]
pub(super) struct StateFile {
    directory: PathBuf,
    path: PathBuf,
    identity: Identity,
}

/// Device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64);

/// A worker's connection, kept from one request to the next.
struct Kept {
    process: u32,
    file: StateFile,
    connection: Rc<Connection>,
}

thread_local! {
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// Connects to the state of `instance` in `directory`, or to the kept connection when that
/// still leads to the file of this name.
pub(super) fn connect(
    directory: &Path,
    instance: &str,
) -> Result<(Rc<Connection>, StateFile), StateError> {
    check_directory(directory)?;
    let path = directory.join(file_name(instance));
    if let Some(found) = take_kept(&path) {
        return Ok(found);
    }
    let lock = lock_directory(directory)?;
    let connection = Rc::new(open_or_replace(&path).map_err(|fault| fault.at(directory))?);
    let file = StateFile {
        directory: directory.to_owned(),
        identity: identify(&path).map_err(io_at(directory))?,
        path,
    };
    drop(lock);
    let kept = Kept {
        process: std::process::id(),
        file: file.clone(),
        connection: Rc::clone(&connection),
    };
    KEPT.with_borrow_mut(|place| *place = Some(kept));
    Ok((connection, file))
}

/// A new and empty state in memory.
pub(super) fn in_memory() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

impl StateFile {
    /// Removes the file, unless another worker has replaced it already. Those who still have
    /// it open go on with it until their request ends.
    pub(super) fn discard(&self) {
        log::warn!(
            "the state in {} is damaged: starting anew",
            self.path.display()
        );
        KEPT.with_borrow_mut(|place| *place = None);
        let Ok(_lock) = lock_directory(&self.directory) else {
            return;
        };
        if identify(&self.path).is_ok_and(|found| found == self.identity)
            && let Err(error) = remove(&self.path)
        {
            log::error!("cannot remove {}: {error}", self.path.display());
        }
    }
}

fn file_name(instance: &str) -> String {
    format!("state-{instance}.sqlite")
}

fn check_directory(directory: &Path) -> Result<(), StateError> {
    let unfit = |problem| StateError::Directory {
        path: directory.to_owned(),
        problem,
    };
    let found = match fs::metadata(directory) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(unfit("does not exist"));
        }
        Err(error) => return Err(io_at(directory)(error)),
    };
    if !found.is_dir() {
        return Err(unfit("is no directory"));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(unfit("does not belong to the user that PHP runs as"));
    }
    if found.mode() & 0o077 != 0 {
        return Err(unfit("is open to other users: its mode must be 0700"));
    }
    Ok(())
}

fn take_kept(path: &Path) -> Option<(Rc<Connection>, StateFile)> {
    let kept = KEPT.with_borrow_mut(Option::take)?;
    if kept.process != std::process::id() {
        // Inherited through a fork. To close it here would take the parent's log away.
        std::mem::forget(kept);
        return None;
    }
    let usable = kept.file.path == path
        && kept.connection.is_autocommit()
        && identify(path).is_ok_and(|found| found == kept.file.identity);
    usable.then(|| {
        let found = (Rc::clone(&kept.connection), kept.file.clone());
        KEPT.with_borrow_mut(|place| *place = Some(kept));
        found
    })
}

fn identify(path: &Path) -> io::Result<Identity> {
    let found = fs::metadata(path)?;
    Ok(Identity(found.dev(), found.ino()))
}

fn lock_directory(directory: &Path) -> Result<File, StateError> {
    let handle = File::open(directory).map_err(io_at(directory))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match handle.try_lock() {
            Ok(()) => return Ok(handle),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => return Err(StateError::Busy),
            Err(TryLockError::Error(error)) => return Err(io_at(directory)(error)),
        }
    }
}

fn open_or_replace(path: &Path) -> Result<Connection, Fault> {
    let unfit = match open(path) {
        Ok(Some(connection)) => return Ok(connection),
        Ok(None) => "of another version or origin",
        Err(Fault::Sqlite(error)) => match StateError::from(error) {
            StateError::Damaged(_) => "damaged",
            other => return Err(Fault::State(other)),
        },
        Err(fault) => return Err(fault),
    };
    log::warn!("{} is {unfit}: starting anew", path.display());
    remove(path)?;
    open(path)?.ok_or(Fault::Sqlite(rusqlite::Error::InvalidQuery))
}

/// Opens the file, creating it when it is missing or empty. `None` when it is a database,
/// but not one of this schema.
fn open(path: &Path) -> Result<Option<Connection>, Fault> {
    // SQLite gives its log and index the mode of the file itself.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    if number("page_count")? == 0 {
        create(&connection)?;
    } else if (number("application_id")?, number("user_version")?)
        != (APPLICATION_ID, SCHEMA_VERSION)
    {
        return Ok(None);
    }
    // A crash of the machine may undo the last commits, but leaves a sound file. A request
    // reads little of it twice, and a journal's body would fill any cache.
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL;
         PRAGMA cache_size = -256;
         PRAGMA journal_size_limit = 4194304;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;",
    )?;
    Ok(Some(connection))
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         BEGIN IMMEDIATE;
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {SCHEMA_VERSION};
         {SCHEMA}
         COMMIT;"
    ))
}

fn remove(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(Path::new(&name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn io_at(directory: &Path) -> impl FnOnce(io::Error) -> StateError {
    let path = directory.to_owned();
    move |source| StateError::Io { path, source }
}

/// What can go wrong with the file, before it is known in which directory.
enum Fault {
    Io(io::Error),
    Sqlite(rusqlite::Error),
    State(StateError),
}

impl Fault {
    fn at(self, directory: &Path) -> StateError {
        match self {
            Self::Io(source) => io_at(directory)(source),
            Self::Sqlite(error) => error.into(),
            Self::State(error) => error,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

#[cfg(test)]
mod tests;
