use super::file_name;
use crate::state::testing::{KEY, PrivateDirectory, head};
use crate::state::{JournalHead, Place, State, StateError, digest};
use std::fs::{self, Permissions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::thread;

/// Does `work` as another worker would, with a connection that ends with it.
fn in_another_worker<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join().unwrap())
}

fn open(directory: &Path) -> Result<State, StateError> {
    State::open(&Place::Directory(directory.to_owned()), "test")
}

fn write_journal(directory: &Path) {
    let state = open(directory).unwrap();
    assert!(
        state
            .swap_journal(KEY, None, &head(1), Some(b"body"))
            .unwrap()
    );
}

fn read_journal(directory: &Path) -> Result<Option<JournalHead>, StateError> {
    open(directory)?.journal_head(KEY)
}

fn file(directory: &Path) -> PathBuf {
    directory.join(file_name(&digest("test")))
}

fn problem(directory: &Path) -> String {
    match open(directory) {
        Err(error @ StateError::Directory { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn state_is_shared_by_the_workers_of_one_instance() {
    let directory = PrivateDirectory::new();
    in_another_worker(|| write_journal(directory.path()));
    assert_eq!(read_journal(directory.path()).unwrap(), Some(head(1)));
    let other = State::open(&directory.place(), "another").unwrap();
    assert_eq!(other.journal_head(KEY).unwrap(), None);
}

#[test]
fn state_files_are_closed_to_others() {
    let directory = PrivateDirectory::new();
    write_journal(directory.path());
    let mut count = 0;
    for entry in fs::read_dir(directory.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        count += 1;
    }
    assert_eq!(count, 3, "the database, its log and its index");
}

#[test]
fn state_refuses_a_directory_that_is_missing_or_none() {
    let directory = PrivateDirectory::new();
    let missing = directory.path().join("missing");
    assert!(problem(&missing).ends_with("missing does not exist"));
    assert!(!missing.exists());
    fs::write(&missing, "").unwrap();
    assert!(problem(&missing).ends_with("missing is no directory"));
}

#[test]
fn state_refuses_a_directory_that_is_open_to_others() {
    let directory = PrivateDirectory::new();
    for mode in [0o755, 0o770, 0o701, 0o710, 0o777] {
        fs::set_permissions(directory.path(), Permissions::from_mode(mode)).unwrap();
        assert!(problem(directory.path()).contains("its mode must be 0700"));
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn state_refuses_a_directory_of_another_user() {
    let directory = PrivateDirectory::new();
    let foreign = if rustix::process::geteuid().is_root() {
        chown(directory.path(), Some(65534), None).unwrap();
        directory.path()
    } else {
        Path::new("/")
    };
    assert!(problem(foreign).contains("does not belong to the user"));
}

#[test]
fn state_replaces_a_file_that_is_no_database() {
    let directory = PrivateDirectory::new();
    fs::write(
        file(directory.path()),
        "not a database, but long enough for a header".repeat(9),
    )
    .unwrap();
    write_journal(directory.path());
}

#[test]
fn state_replaces_a_file_of_another_version() {
    let directory = PrivateDirectory::new();
    for pragma in ["user_version", "application_id"] {
        in_another_worker(|| {
            write_journal(directory.path());
            let state = directory.open();
            let change = format!("PRAGMA {pragma} = 999");
            state.run(|sql| sql.execute(&change, &[])).unwrap();
        });
        assert_eq!(
            in_another_worker(|| read_journal(directory.path()).unwrap()),
            None
        );
        fs::remove_file(file(directory.path())).unwrap();
    }
}

#[test]
fn state_damaged_within_is_replaced_for_the_next_request() {
    let directory = PrivateDirectory::new();
    in_another_worker(|| write_journal(directory.path()));
    let mut damaged = fs::OpenOptions::new()
        .write(true)
        .open(file(directory.path()))
        .unwrap();
    let length = damaged.metadata().unwrap().len();
    damaged.seek(SeekFrom::Start(4096)).unwrap();
    damaged
        .write_all(&vec![0xff; usize::try_from(length - 4096).unwrap()])
        .unwrap();
    let found = read_journal(directory.path());
    assert!(matches!(found, Err(StateError::Damaged(_))), "{found:?}");
    assert_eq!(read_journal(directory.path()).unwrap(), None);
    write_journal(directory.path());
}

#[test]
fn state_file_taken_away_is_replaced_for_the_next_request() {
    let directory = PrivateDirectory::new();
    write_journal(directory.path());
    for entry in fs::read_dir(directory.path()).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    assert_eq!(read_journal(directory.path()).unwrap(), None);
    write_journal(directory.path());
    assert_eq!(
        in_another_worker(|| read_journal(directory.path()).unwrap()),
        Some(head(1))
    );
}

#[test]
fn state_made_or_replaced_by_many_workers_at_once_is_one_state() {
    let directory = PrivateDirectory::new();
    for content in [None, Some("no database")] {
        if let Some(content) = content {
            fs::write(file(directory.path()), content).unwrap();
        }
        let wins: u32 = thread::scope(|scope| {
            let worker = || {
                let state = directory.open();
                let won = state
                    .swap_journal(KEY, None, &head(1), Some(b"body"))
                    .unwrap();
                u32::from(won)
            };
            let workers: Vec<_> = (0..8).map(|_| scope.spawn(worker)).collect();
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap())
                .sum()
        });
        assert_eq!(wins, 1);
    }
}
