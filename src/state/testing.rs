//! A state of its own for each test: on SQLite, or, with the feature `e2e`, on the MariaDB that
//! `make test` has started. The tests are the same.

use super::{JournalHead, JournalKey, Place, State};
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(not(feature = "e2e"))]
pub(crate) use PrivateDirectory as Shared;
#[cfg(feature = "e2e")]
pub(crate) use mariadb::Database as Shared;

/// A journal that a test moves.
pub(crate) const KEY: JournalKey<'_> = JournalKey {
    account: "a1",
    data_type: "ContactCard",
};

/// Its head at a counter.
pub(crate) fn head(counter: u64) -> JournalHead {
    JournalHead {
        epoch: "e".to_owned(),
        counter,
        fingerprint: u128::from(counter),
        count: 0,
        verified_secs: 0,
        learnt: Vec::new(),
    }
}

/// A new state that nobody else comes to.
pub(crate) struct Fresh {
    // Ends before what it is in.
    state: State,
    _shared: Shared,
}

pub(crate) fn fresh() -> Fresh {
    let shared = Shared::new();
    Fresh {
        state: shared.open(),
        _shared: shared,
    }
}

impl Deref for Fresh {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

/// How many rows a table has.
pub(crate) fn rows(state: &State, table: &str) -> i64 {
    let count = format!("SELECT count(*) AS number FROM openxport_{table}");
    let rows = state.run(|sql| sql.row(&count, &[], |row| row.integer("number")));
    rows.unwrap().unwrap()
}

/// A new and empty directory of mode 0700, removed with this value.
pub(crate) struct PrivateDirectory(PathBuf);

impl PrivateDirectory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("target/state-tests")
            .join(format!("{}-{number}", std::process::id()));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn place(&self) -> Place {
        Place::Directory(self.0.clone())
    }

    pub(crate) fn open(&self) -> State {
        State::open(&self.place(), "test").unwrap()
    }
}

#[cfg(not(feature = "e2e"))]
impl PrivateDirectory {
    /// All octets that are stored.
    pub(crate) fn stored(&self) -> Vec<u8> {
        let files = fs::read_dir(&self.0).unwrap();
        let octets = files.map(|file| fs::read(file.unwrap().path()).unwrap());
        octets.flatten().collect()
    }

    /// Keeps all others from writing until it is dropped.
    pub(crate) fn lock(&self) -> impl Drop + use<> {
        let files = fs::read_dir(&self.0).unwrap();
        let mut paths = files.map(|file| file.unwrap().path());
        let is_database = |path: &PathBuf| path.extension().is_some_and(|end| end == "sqlite");
        let connection = rusqlite::Connection::open(paths.find(is_database).unwrap()).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        connection
    }

    /// Takes the state away, as an admin may at any time.
    pub(crate) fn lose(&self) {
        for entry in fs::read_dir(&self.0).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        // A leftover disturbs no other test.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(feature = "e2e")]
pub(crate) mod mariadb {
    use super::{Place, State};
    use mysql::prelude::Queryable;
    use mysql::{Conn, OptsBuilder, Value};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Names the socket of a MariaDB that lets root in.
    const SOCKET: &str = "OPENXPORT_MARIADB_SOCKET";

    fn socket() -> String {
        std::env::var(SOCKET).unwrap_or_else(|_| {
            panic!("set {SOCKET} to the socket of a MariaDB, as make test does")
        })
    }

    /// A new and empty database, removed with this value.
    pub(crate) struct Database(String);

    impl Database {
        pub(crate) fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("state_{}_{number}", std::process::id());
            let mut connection = Conn::new(options()).expect("the server lets root in");
            connection
                .query_drop(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"))
                .unwrap();
            Self(name)
        }

        pub(crate) fn place(&self) -> Place {
            self.place_of("root")
        }

        /// `user` may bring a password, both percent-encoded.
        pub(crate) fn place_of(&self, user: &str) -> Place {
            let (name, socket) = (&self.0, socket());
            Place::Server(format!("mysql://{user}@localhost/{name}?socket={socket}"))
        }

        pub(crate) fn open(&self) -> State {
            State::open(&self.place(), "test").unwrap()
        }

        pub(crate) fn name(&self) -> &str {
            &self.0
        }

        /// A connection that none of the state's workers has.
        pub(crate) fn connect(&self) -> Conn {
            Conn::new(options().db_name(Some(&self.0))).unwrap()
        }

        /// All octets that are stored.
        pub(crate) fn stored(&self) -> Vec<u8> {
            let mut connection = self.connect();
            let tables: Vec<String> = connection.query("SHOW TABLES").unwrap();
            let mut stored = Vec::new();
            for table in tables {
                let rows = connection.query(format!("SELECT * FROM {table}"));
                for row in rows.unwrap() {
                    for value in mysql::Row::unwrap(row) {
                        match value {
                            Value::Bytes(octets) => stored.extend(octets),
                            value => stored.extend(value.as_sql(true).into_bytes()),
                        }
                    }
                }
            }
            stored
        }

        /// Keeps all others from writing until it is dropped.
        pub(crate) fn lock(&self) -> impl Drop + use<> {
            let mut connection = self.connect();
            connection.query_drop("START TRANSACTION").unwrap();
            let lock = "SELECT turn FROM openxport_turns FOR UPDATE";
            connection.query_drop(lock).unwrap();
            connection
        }

        /// Takes the state away, as an admin may at any time.
        pub(crate) fn lose(&self) {
            let mut connection = self.connect();
            for table in connection.query::<String, _>("SHOW TABLES").unwrap() {
                connection
                    .query_drop(format!("DROP TABLE {table}"))
                    .unwrap();
            }
        }
    }

    impl Drop for Database {
        fn drop(&mut self) {
            let dropped = Conn::new(options())
                .and_then(|mut root| root.query_drop(format!("DROP DATABASE {}", self.0)));
            // A leftover disturbs no other test.
            drop(dropped);
        }
    }

    fn options() -> OptsBuilder {
        OptsBuilder::new()
            .socket(Some(socket()))
            .user(Some("root"))
            // A test that leaves something locked fails, and does not hang.
            .init(vec!["SET SESSION lock_wait_timeout = 5"])
    }
}
