//! What a server does to its clients, on the MariaDB that `make test` has started.

use crate::state::sql::Sql;
use crate::state::testing::{KEY, Shared, fresh, head};
use crate::state::{PATIENCE, Place, State, StateError, Turn};
use mysql::Conn;
use mysql::prelude::Queryable;
use std::cell::{Cell, RefCell};
use std::time::Instant;

fn begin_journal(state: &State) {
    assert!(state.swap_journal(KEY, None, &head(1), None).unwrap());
}

/// Ends the connections to the database of all workers.
fn kill_all(shared: &Shared) {
    let mut admin = shared.connect();
    let others = "SELECT id FROM information_schema.processlist
        WHERE db = database() AND id <> connection_id()";
    for id in admin.query::<u64, _>(others).unwrap() {
        admin.query_drop(format!("KILL {id}")).unwrap();
    }
}

fn kill_oneself(sql: &dyn Sql) -> StateError {
    sql.execute("KILL CONNECTION_ID()", &[]).unwrap_err()
}

fn fail_with(sql: &dyn Sql, code: u16) -> StateError {
    let signal = format!("SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {code}");
    sql.execute(&signal, &[]).unwrap_err()
}

#[test]
fn connection_lost_between_requests_is_replaced() {
    let shared = Shared::new();
    begin_journal(&shared.open());
    kill_all(&shared);
    assert_eq!(shared.open().journal_head(KEY).unwrap(), Some(head(1)));
}

#[test]
fn connection_lost_amid_a_request_is_replaced() {
    let shared = Shared::new();
    let state = shared.open();
    begin_journal(&state);
    kill_all(&shared);
    assert_eq!(state.journal_head(KEY).unwrap(), Some(head(1)));
    kill_all(&shared);
    let swapped = state.swap_journal(KEY, Some(&head(1)), &head(2), None);
    assert!(swapped.unwrap());
}

#[test]
fn transaction_whose_connection_is_lost_is_undone_and_repeated_once() {
    let state = fresh();
    let attempts = Cell::new(0);
    let outcome = state.write(Turn::Logins, |sql| {
        attempts.set(attempts.get() + 1);
        sql.execute("UPDATE openxport_purges SET last_secs = last_secs + 1", &[])?;
        match attempts.get() {
            1 => Err(kill_oneself(sql)),
            _ => Ok(()),
        }
    });
    outcome.unwrap();
    let last = state.run(|sql| {
        let last = "SELECT last_secs FROM openxport_purges";
        sql.row(last, &[], |row| row.integer("last_secs"))
    });
    assert_eq!((last.unwrap(), attempts.get()), (Some(1), 2));
    attempts.set(0);
    let outcome = state.write(Turn::Logins, |sql| {
        attempts.set(attempts.get() + 1);
        Err::<(), _>(kill_oneself(sql))
    });
    assert!(matches!(outcome, Err(StateError::Gone(_))), "{outcome:?}");
    assert_eq!(attempts.get(), 2);
}

// It may have come about, and a journal moved twice would be a lie.
#[test]
fn transaction_whose_commit_is_lost_is_not_repeated() {
    let shared = Shared::new();
    let state = shared.open();
    let attempts = Cell::new(0);
    let outcome = state.write(Turn::Logins, |sql| {
        attempts.set(attempts.get() + 1);
        sql.execute("UPDATE openxport_purges SET last_secs = 7", &[])?;
        kill_all(&shared);
        Ok(())
    });
    assert!(matches!(outcome, Err(StateError::Gone(_))), "{outcome:?}");
    assert_eq!(attempts.get(), 1);
    state.purge(8).unwrap();
}

#[test]
fn transaction_that_is_a_deadlock_s_victim_is_repeated() {
    let state = fresh();
    for code in [1213, 1205] {
        let attempts = Cell::new(0);
        let outcome = state.write(Turn::Logins, |sql| {
            attempts.set(attempts.get() + 1);
            if attempts.get() < 3 {
                return Err(fail_with(sql, code));
            }
            Ok(())
        });
        outcome.unwrap();
        assert_eq!(attempts.get(), 3, "after {code}");
    }
}

#[test]
fn transaction_that_never_succeeds_is_busy_after_a_while() {
    let state = fresh();
    let begun = Instant::now();
    let outcome = state.write(Turn::Logins, |sql| Err::<(), _>(fail_with(sql, 1213)));
    assert!(matches!(outcome, Err(StateError::Busy)), "{outcome:?}");
    assert!(begun.elapsed() < 2 * PATIENCE, "{:?}", begun.elapsed());
}

#[test]
fn transaction_that_fails_leaves_nothing_open_or_locked() {
    let shared = Shared::new();
    let state = shared.open();
    let outcome = state.write(Turn::Logins, |sql| {
        sql.execute("UPDATE openxport_purges SET last_secs = 7", &[])?;
        sql.execute("no SQL at all", &[])
    });
    assert!(
        matches!(outcome, Err(StateError::Backend(_))),
        "{outcome:?}"
    );
    let mut another = shared.connect();
    let last: Option<i64> = another
        .query_first("SELECT last_secs FROM openxport_purges FOR UPDATE NOWAIT")
        .unwrap();
    assert_eq!(last, Some(0));
}

#[test]
fn transaction_that_panics_is_undone_and_its_connection_not_used_again() {
    let state = fresh();
    let connection_id = || {
        let id = state.run(|sql| {
            let id = "SELECT connection_id() AS id";
            sql.row(id, &[], |row| row.integer("id"))
        });
        id.unwrap().unwrap()
    };
    let before = connection_id();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        state.write(Turn::Logins, |sql| {
            sql.execute("UPDATE openxport_purges SET last_secs = 7", &[])?;
            if before > 0 {
                panic!("as a fault would");
            }
            Ok(())
        })
    }));
    assert!(panicked.is_err());
    assert_ne!(connection_id(), before);
    state.purge(1).unwrap();
}

#[test]
fn tables_of_another_version_are_replaced_and_those_of_others_are_not() {
    let shared = Shared::new();
    begin_journal(&shared.open());
    let mut admin = shared.connect();
    admin
        .query_drop("CREATE TABLE openxport_carried (card INT)")
        .unwrap();
    admin.query_drop("CREATE TABLE contacts (id INT)").unwrap();
    admin
        .query_drop("UPDATE openxport_schema SET version = version + 1")
        .unwrap();
    let state = shared.open();
    assert_eq!(state.journal_head(KEY).unwrap(), None);
    begin_journal(&state);
    for table in ["openxport_carried", "contacts"] {
        let found: Vec<i64> = admin
            .query(format!("SELECT count(*) FROM {table}"))
            .unwrap();
        assert_eq!(found, [0], "{table}");
    }
}

#[test]
fn tables_damaged_within_are_replaced_for_the_next_request() {
    let shared = Shared::new();
    let damages = [
        "DROP TABLE openxport_journal",
        "ALTER TABLE openxport_journal DROP COLUMN epoch",
        "UPDATE openxport_journal SET epoch = x'ff'",
        "DELETE FROM openxport_turns",
    ];
    for damage in damages {
        let state = shared.open();
        begin_journal(&state);
        shared.connect().query_drop(damage).unwrap();
        let swapped = state.swap_journal(KEY, Some(&head(1)), &head(2), None);
        assert!(
            matches!(swapped, Err(StateError::Damaged(_))),
            "{damage}: {swapped:?}"
        );
        let found = shared.open().journal_head(KEY);
        assert_eq!(found.unwrap(), None, "{damage}");
    }
}

#[test]
fn state_of_a_user_who_may_not_make_tables_says_so() {
    let shared = Shared::new();
    let user = User::new(&shared, "limited", "SELECT");
    let place = shared.place_of(&format!("{}:{PASSWORD_IN_URL}", user.name));
    let error = State::open(&place, "test").unwrap_err();
    assert!(matches!(error, StateError::Backend(_)), "{error:?}");
    let shown = format!("{error:?}");
    assert!(shown.contains("command denied"), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
}

#[test]
fn state_is_reached_by_tls_from_a_server_that_the_file_vouches_for_only() {
    let shared = Shared::new();
    let user = User::new(&shared, "tls", "ALL");
    let mut admin = shared.connect();
    let server: Option<(u16, String)> = admin.query_first("SELECT @@port, @@ssl_ca").unwrap();
    let (port, vouching) = server.unwrap();
    let open = |certificates: &str| {
        let (name, database) = (&user.name, shared.name());
        State::open(
            &Place::Server(format!(
                "mysql://{name}:{PASSWORD_IN_URL}@127.0.0.1:{port}/{database}?root_cert_path={certificates}"
            )),
            "test",
        )
    };
    let state = open(&vouching).unwrap();
    let cipher = state.run(|sql| {
        let cipher = "SHOW SESSION STATUS LIKE 'Ssl_cipher'";
        sql.row(cipher, &[], |row| row.text("Value"))
    });
    assert!(!cipher.unwrap().unwrap().is_empty());
    // The server's certificate is its own, so no authority of the system vouches for it.
    let error = open("/etc/ssl/certs/ca-certificates.crt").unwrap_err();
    assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
}

const PASSWORD: &str = "p@ss/word";
const PASSWORD_IN_URL: &str = "p%40ss%2Fword";

/// Somebody with rights on the server, removed with this value.
struct User {
    name: String,
    admin: RefCell<Conn>,
}

impl User {
    fn new(shared: &Shared, name: &str, rights: &str) -> Self {
        let mut admin = shared.connect();
        let name = format!("{name}_{}", std::process::id());
        for sql in [
            format!("CREATE USER {name} IDENTIFIED BY '{PASSWORD}'"),
            format!("GRANT {rights} ON *.* TO {name}"),
        ] {
            admin.query_drop(sql).unwrap();
        }
        let admin = RefCell::new(admin);
        Self { name, admin }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let drop_user = format!("DROP USER {}", self.name);
        self.admin.borrow_mut().query_drop(drop_user).unwrap();
    }
}
