//! Many statements as one transaction, so that the database makes them durable once.

use super::{Database, DbError};

/// Does `write` for each of these and says what came of it.
///
/// All of it is one transaction, so `write` does nothing but run statements. What the database
/// refuses of it costs the others nothing: they are all undone, and done again one by one.
pub fn together<R, T>(
    database: &dyn Database,
    rows: &[R],
    write: &dyn Fn(&R) -> Result<T, DbError>,
) -> Vec<Result<T, DbError>> {
    if rows.len() < 2 {
        return rows.iter().map(|row| patiently(|| write(row))).collect();
    }
    match patiently(|| at_once(database, rows, write)) {
        Ok(done) => done.into_iter().map(Ok).collect(),
        Err(Undone::ByStatement(DbError::Refused(_) | DbError::NoAbility(_))) => {
            rows.iter().map(|row| patiently(|| write(row))).collect()
        }
        Err(Undone::ByStatement(error) | Undone::ByCommit(error)) => {
            let unavailable = |_| Err(DbError::Unavailable(error.to_string()));
            rows.iter().map(unavailable).collect()
        }
    }
}

/// What has ended a transaction.
enum Undone {
    ByStatement(DbError),
    /// Perhaps it is kept, so that it must not be done again.
    ByCommit(DbError),
}

fn at_once<R, T>(
    database: &dyn Database,
    rows: &[R],
    write: &dyn Fn(&R) -> Result<T, DbError>,
) -> Result<Vec<T>, Undone> {
    database.begin().map_err(Undone::ByStatement)?;
    let done: Result<Vec<T>, _> = rows.iter().map(write).collect();
    let outcome = match done {
        Ok(done) => database.commit().map(|()| done).map_err(Undone::ByCommit),
        Err(error) => Err(Undone::ByStatement(error)),
    };
    if outcome.is_err()
        && let Err(error) = database.roll_back()
    {
        log::error!("a transaction could not be rolled back: {error}");
    }
    outcome
}

/// Tries again what has met a passing fault. The database has waited before it told.
fn patiently<T, E: Passing>(mut attempt: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    match attempt() {
        Err(error) if error.is_passing() => attempt(),
        done => done,
    }
}

trait Passing {
    fn is_passing(&self) -> bool;
}

impl Passing for DbError {
    fn is_passing(&self) -> bool {
        matches!(self, DbError::Unavailable(_))
    }
}

impl Passing for Undone {
    fn is_passing(&self) -> bool {
        matches!(self, Undone::ByStatement(error) if error.is_passing())
    }
}
