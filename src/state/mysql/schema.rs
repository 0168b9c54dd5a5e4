//! The state's tables on a server: making them, and replacing those that are not of this
//! version. Others of the database are never touched.

use super::session::Session;
use crate::state::sql::{Sql, parameters};
use crate::state::turn::TURNS;
use crate::state::{StateError, random};

/// Raise it with every change of the schema.
const VERSION: i64 = 4;
const SCHEMA: &str = include_str!("schema.sql");

/// What the tables' makers and replacers wait for, on the whole server.
const LOCK: &str = "openxport_schema";

/// Sees to it that the tables are there and of this version, and says which they are.
pub(super) fn ensure(session: &Session) -> Result<i64, StateError> {
    if let Some((VERSION, identity)) = found(session)? {
        return Ok(identity);
    }
    let sql: &dyn Sql = session;
    let locked = sql.row(
        "SELECT coalesce(get_lock(:lock, 2), 0) AS locked",
        parameters! { lock: LOCK },
        |row| row.integer("locked"),
    )?;
    if locked != Some(1) {
        return Err(StateError::Busy);
    }
    let made = make(session);
    let release = "DO release_lock(:lock)";
    sql.execute(release, parameters! { lock: LOCK })?;
    made
}

/// Declares the tables of this identity unfit, unless another worker has replaced them already.
pub(super) fn disown(session: &Session, identity: i64) -> Result<(), StateError> {
    let disowned = session.execute(
        "DELETE FROM openxport_schema WHERE identity = :identity",
        parameters! { identity: identity },
    );
    match disowned {
        // There is no schema to be disowned.
        Ok(_) | Err(StateError::Damaged(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The version and the identity of the tables that are there.
fn found(session: &Session) -> Result<Option<(i64, i64)>, StateError> {
    let sql: &dyn Sql = session;
    let found = sql.row(
        "SELECT version, identity FROM openxport_schema",
        &[],
        |row| Ok((row.integer("version")?, row.integer("identity")?)),
    );
    match found {
        Err(StateError::Damaged(_)) => Ok(None),
        found => found,
    }
}

fn make(session: &Session) -> Result<i64, StateError> {
    // Another worker may have been faster.
    match found(session)? {
        Some((VERSION, identity)) => return Ok(identity),
        Some((version, _)) => {
            log::warn!("the state's tables are of version {version}: starting anew");
        }
        None => {}
    }
    let statements = || {
        let statements = SCHEMA.split(";\n");
        statements
            .map(without_comments)
            .filter(|text| !text.is_empty())
    };
    // The schema's own goes first, so that whoever comes to half of them starts anew.
    let tables: Vec<_> = statements().filter_map(|text| table(&text)).collect();
    for table in tables.iter().rev() {
        session.command(&format!("DROP TABLE IF EXISTS {table}"))?;
    }
    for statement in statements() {
        session.command(&statement)?;
    }
    let turns: Vec<_> = (0..TURNS).map(|turn| format!("({turn}, 0)")).collect();
    let turns = turns.join(", ");
    session.command(&format!(
        "INSERT INTO openxport_turns (turn, taken) VALUES {turns}"
    ))?;
    let identity = i64::from_ne_bytes(random()?);
    session.execute(
        "INSERT INTO openxport_schema (version, identity) VALUES (:version, :identity)",
        parameters! { version: VERSION, identity: identity },
    )?;
    Ok(identity)
}

fn without_comments(statement: &str) -> String {
    let lines = statement.lines().map(|line| match line.split_once("--") {
        Some((code, _)) => code,
        None => line,
    });
    let code: Vec<_> = lines.map(str::trim_end).collect();
    code.join("\n").trim().to_owned()
}

/// The table that a statement makes.
fn table(statement: &str) -> Option<String> {
    let named = statement.strip_prefix("CREATE TABLE ")?;
    let (name, _) = named.split_once([' ', '('])?;
    Some(name.to_owned())
}
