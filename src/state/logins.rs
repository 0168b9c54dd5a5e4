//! What became of the credentials that clients send with every request.
//!
//! Accepted ones name their user for a few minutes, so that a hundred requests cost one
//! login. Refused ones are refused again without asking, so that a client with a stale
//! password does not lock its human out. Of equal credentials that come at once, one asks
//! and the others wait for its answer. Failures are counted by name and by address.
//!
//! A password is never stored: credentials, names and addresses are kept as HMAC-SHA256 with
//! a random key that the state alone holds.

use super::failures::{self, Subject};
use super::sql::{Sql, parameters};
use super::{State, StateError, Turn, random};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// After this time without an answer, equal credentials may be tried again: the worker that
/// asked was killed.
const UNDERWAY_SECS: i64 = 60;

const POLL: Duration = Duration::from_millis(20);

/// What a client claims, and from where.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The server that the webmail would log in to.
    pub host: &'a str,
    /// Compared octet by octet: the webmail has normalised it.
    pub name: &'a str,
    pub password: &'a str,
    /// The client's IP address.
    pub address: &'a str,
}

#[derive(Clone, Copy, Debug)]
pub struct LoginRules {
    /// How long an accepted login is reused: a changed password lags by at most this.
    pub reuse_secs: i64,
    /// How long equal credentials are refused without asking.
    pub refusal_secs: i64,
    /// Failures in so many seconds are counted together …
    pub window_secs: i64,
    /// … and no more than so many are let through for a name; 0 means any number.
    pub max_failures_of_name: u32,
    /// The same for an address, or for the /64 network of an IPv6 address.
    pub max_failures_of_address: u32,
    /// How long to wait for the answer to equal credentials.
    pub patience: Duration,
}

impl Default for LoginRules {
    fn default() -> Self {
        Self {
            reuse_secs: 300,
            refusal_secs: 300,
            window_secs: 900,
            max_failures_of_name: 10,
            max_failures_of_address: 50,
            patience: Duration::from_secs(10),
        }
    }
}

/// How to go on with a request's credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginCheck {
    /// They were accepted a short while ago.
    Known { user: String },
    /// They were refused a short while ago, and would be again.
    RefusedRecently,
    /// There were too many failures: nobody is asked.
    Throttled { retry_after_secs: i64 },
    /// The webmail must be asked. Until [`State::login_accepted`], [`State::login_refused`]
    /// or [`State::login_undecided`] says what came of it, equal credentials wait, and this
    /// attempt counts as failed.
    Unknown,
}

impl State {
    /// Looks up what is known of these credentials; see [`LoginCheck`].
    pub fn check_login(
        &self,
        credentials: &Credentials<'_>,
        rules: &LoginRules,
        now_secs: i64,
    ) -> Result<LoginCheck, StateError> {
        let keys = self.login_keys(credentials)?;
        let deadline = Instant::now() + rules.patience;
        loop {
            let found = self.run(|sql| look_up(sql, &keys, now_secs))?;
            let found = match found {
                Some(found) => found,
                None => self.write(Turn::Logins, |sql| begin(sql, &keys, rules, now_secs))?,
            };
            match found {
                Found::Decided(check) => return Ok(check),
                Found::Underway if Instant::now() < deadline => std::thread::sleep(POLL),
                Found::Underway => {
                    return Ok(LoginCheck::Throttled {
                        retry_after_secs: 1,
                    });
                }
            }
        }
    }

    /// The webmail accepted the credentials; they are its `user`'s.
    pub fn login_accepted(
        &self,
        credentials: &Credentials<'_>,
        user: &str,
        rules: &LoginRules,
        now_secs: i64,
    ) -> Result<(), StateError> {
        let keys = self.login_keys(credentials)?;
        self.write(Turn::Logins, |sql| {
            forgive(sql, &keys, rules, now_secs)?;
            let expires_secs = now_secs.saturating_add(rules.reuse_secs);
            decide(sql, &keys, "accepted", user, expires_secs)
        })
    }

    /// The webmail refused the credentials: no such user, or not this password.
    pub fn login_refused(
        &self,
        credentials: &Credentials<'_>,
        rules: &LoginRules,
        now_secs: i64,
    ) -> Result<(), StateError> {
        let keys = self.login_keys(credentials)?;
        let expires_secs = now_secs.saturating_add(rules.refusal_secs);
        self.write(Turn::Logins, |sql| {
            decide(sql, &keys, "refused", "", expires_secs)
        })?;
        // Refusals may be all that comes, and each leaves rows behind.
        self.purge(now_secs)
    }

    /// The webmail could not say, because its mail server is away or it limits logins itself.
    pub fn login_undecided(
        &self,
        credentials: &Credentials<'_>,
        rules: &LoginRules,
        now_secs: i64,
    ) -> Result<(), StateError> {
        let keys = self.login_keys(credentials)?;
        self.write(Turn::Logins, |sql| forgive(sql, &keys, rules, now_secs))
    }

    fn login_keys(&self, credentials: &Credentials<'_>) -> Result<LoginKeys, StateError> {
        let secret = self.login_secret()?;
        let Credentials {
            host,
            name,
            password,
            address,
        } = *credentials;
        Ok(LoginKeys {
            credentials: keyed_hash(&secret, &["credentials", host, name, password]),
            name: keyed_hash(&secret, &["name", host, name]),
            address: keyed_hash(&secret, &["address", &network(address)]),
        })
    }

    /// The key of all keyed hashes, made when it is first needed.
    fn login_secret(&self) -> Result<[u8; 64], StateError> {
        let known = self.run(|sql| read_secret(sql, &self.instance))?;
        if let Some(secret) = known {
            return Ok(secret);
        }
        let fresh = random::<64>()?;
        self.write(Turn::Logins, |sql| {
            // Another worker may have been faster.
            if let Some(secret) = read_secret(sql, &self.instance)? {
                return Ok(secret);
            }
            sql.execute(
                "INSERT INTO openxport_secrets (instance, value) VALUES (:instance, :value)",
                parameters! { instance: &self.instance, value: &fresh },
            )?;
            Ok(fresh)
        })
    }
}

/// Keyed hashes of what must not be stored itself.
struct LoginKeys {
    credentials: [u8; 32],
    name: [u8; 32],
    address: [u8; 32],
}

impl LoginKeys {
    /// What a failure is counted for, and how often it may be.
    fn subjects(&self, rules: &LoginRules) -> [Subject<'_>; 2] {
        let subject = |key, max| Subject {
            key,
            max,
            window_secs: rules.window_secs,
        };
        [
            subject(&self.name, rules.max_failures_of_name),
            subject(&self.address, rules.max_failures_of_address),
        ]
    }
}

enum Found {
    Decided(LoginCheck),
    Underway,
}

fn read_secret(sql: &dyn Sql, instance: &str) -> Result<Option<[u8; 64]>, StateError> {
    sql.row(
        "SELECT value FROM openxport_secrets WHERE instance = :instance",
        parameters! { instance: instance },
        |row| row.array("value"),
    )
}

fn look_up(sql: &dyn Sql, keys: &LoginKeys, now_secs: i64) -> Result<Option<Found>, StateError> {
    sql.row(
        "SELECT outcome, user FROM openxport_logins
         WHERE credentials = :credentials AND expires_secs > :now",
        parameters! { credentials: &keys.credentials, now: now_secs },
        |row| {
            Ok(match row.text("outcome")?.as_str() {
                "accepted" => Found::Decided(LoginCheck::Known {
                    user: row.text("user")?,
                }),
                "refused" => Found::Decided(LoginCheck::RefusedRecently),
                _ => Found::Underway,
            })
        },
    )
}

/// Lets this request ask the webmail, unless another has begun to, or there were too many
/// failures. The attempt counts at once, so that guesses made in parallel count too.
fn begin(
    sql: &dyn Sql,
    keys: &LoginKeys,
    rules: &LoginRules,
    now_secs: i64,
) -> Result<Found, StateError> {
    if let Some(found) = look_up(sql, keys, now_secs)? {
        return Ok(found);
    }
    let mut retry_after_secs = 0;
    for subject in keys.subjects(rules) {
        let wait = failures::wait_secs(sql, subject, now_secs)?;
        retry_after_secs = wait.max(retry_after_secs);
    }
    if retry_after_secs > 0 {
        return Ok(Found::Decided(LoginCheck::Throttled { retry_after_secs }));
    }
    for subject in keys.subjects(rules) {
        failures::add(sql, subject, 1, now_secs)?;
    }
    let expires_secs = now_secs.saturating_add(UNDERWAY_SECS);
    decide(sql, keys, "underway", "", expires_secs)?;
    Ok(Found::Decided(LoginCheck::Unknown))
}

fn decide(
    sql: &dyn Sql,
    keys: &LoginKeys,
    outcome: &str,
    user: &str,
    expires_secs: i64,
) -> Result<(), StateError> {
    sql.execute(
        "REPLACE INTO openxport_logins (credentials, outcome, user, expires_secs)
         VALUES (:credentials, :outcome, :user, :expires)",
        parameters! {
            credentials: &keys.credentials,
            outcome: outcome,
            user: user,
            expires: expires_secs,
        },
    )?;
    Ok(())
}

/// Takes the attempt back that [`begin`] counted.
fn forgive(
    sql: &dyn Sql,
    keys: &LoginKeys,
    rules: &LoginRules,
    now_secs: i64,
) -> Result<(), StateError> {
    let counted = sql.execute(
        "DELETE FROM openxport_logins WHERE credentials = :credentials AND outcome = 'underway'",
        parameters! { credentials: &keys.credentials },
    )?;
    if counted == 1 {
        for subject in keys.subjects(rules) {
            failures::add(sql, subject, -1, now_secs)?;
        }
    }
    Ok(())
}

/// The lengths are hashed too, so that no two lists of parts are alike.
fn keyed_hash(secret: &[u8; 64], parts: &[&str]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new(secret.into());
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

/// What one client can hardly leave: its IPv4 address, or the /64 that IPv6 gives it.
fn network(address: &str) -> String {
    match address
        .parse()
        .map(|address: IpAddr| address.to_canonical())
    {
        Ok(IpAddr::V6(address)) => {
            let network = u128::from(address) & (u128::MAX << 64);
            Ipv6Addr::from(network).to_string()
        }
        Ok(address) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests;
