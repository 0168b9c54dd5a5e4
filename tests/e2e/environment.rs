//! The running environment: where it answers, who has an account, what its services noted.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

/// The users of the private Dovecot, with their passwords.
const USERS: &str = include_str!("../services/users.tsv");

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::var_os("OPENXPORT_E2E").expect("OPENXPORT_E2E names the environment");
    PathBuf::from(folder)
});

/// A file or a folder of the environment.
pub fn path(name: &str) -> PathBuf {
    FOLDER.join(name)
}

/// What is in a file of the environment, such as `log/dovecot.log`; an absent one is empty.
pub fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_default()
}

/// Scheme, host and port, without a slash at the end.
pub fn origin() -> String {
    format!("http://{}", address())
}

/// What to connect to: `127.0.0.1:port`.
pub fn address() -> String {
    format!("127.0.0.1:{}", read("run/web.port"))
}

pub fn password(user: &str) -> &'static str {
    let line = USERS
        .lines()
        .find_map(|line| line.strip_prefix(user)?.strip_prefix('\t'));
    line.unwrap_or_else(|| panic!("{user} is not in users.tsv"))
}

/// Where Roundcube's data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    /// Our own state is there, too.
    Mariadb,
    Postgres,
}

pub fn database() -> Database {
    match (path("mariadb").exists(), path("postgres").exists()) {
        (true, _) => Database::Mariadb,
        (_, true) => Database::Postgres,
        _ => Database::Sqlite,
    }
}

/// The database's own client, in Roundcube's database. It reads statements.
pub fn database_client() -> Command {
    match database() {
        Database::Sqlite => {
            let mut client = Command::new("sqlite3");
            client.args(["-cmd", ".timeout 5000", "-tabs"]);
            client.arg(path("roundcube.db"));
            client
        }
        Database::Mariadb => {
            let mut client = Command::new("mariadb");
            client.args(["--no-defaults", "-uroot", "-N", "-B", "-S"]);
            client.arg(path("run/mariadb.sock")).arg("roundcube");
            client
        }
        Database::Postgres => {
            let mut client = Command::new("psql");
            client.args(["-qAt", "-F", "\t", "-v", "ON_ERROR_STOP=1"]);
            client.args(["-h", "127.0.0.1", "-p", &read("run/postgres.port")]);
            client.args(["-U", "roundcube", "-d", "roundcube"]);
            client
        }
    }
}

/// Asks Roundcube's database; each row's values are joined by tabs.
pub fn sql(query: &str) -> Vec<String> {
    let mut client = database_client();
    match database() {
        Database::Sqlite => client.arg(query),
        Database::Mariadb => client.args(["-e", query]),
        Database::Postgres => client.args(["-c", query]),
    };
    let output = client.output().expect("the database's client runs");
    assert!(
        output.status.success(),
        "{query}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

/// How often a user has logged in to the IMAP server so far.
pub fn imap_logins(user: &str) -> usize {
    let login = format!("imap-login: Info: Login: user=<{user}>");
    read("log/dovecot.log").matches(&login).count()
}
