//! The webmails: one folder each, which knows that webmail's tables and files and nothing of
//! any protocol. Adding one is a folder and an arm in [`open`].

mod carried;
pub mod roundcube;

use crate::db::{Database, DbError};
use crate::store::{Host, Object, StoreError};
use serde_json::Value;

/// Opens a webmail's data for the user whom its plugin has authenticated.
///
/// `settings` are the plugin's; each host's folder says what they hold.
pub fn open<'a>(
    host: &str,
    settings: Object,
    database: Box<dyn Database + 'a>,
) -> Result<Box<dyn Host + 'a>, OpenError> {
    let settings = Value::Object(settings);
    match host {
        "roundcube" => Ok(Box::new(roundcube::open(
            serde_json::from_value(settings)?,
            database,
        )?)),
        _ => Err(OpenError::UnknownHost(host.to_owned())),
    }
}

/// What is wrong with how a plugin calls.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("there is no host named {0:?}")]
    UnknownHost(String),
    #[error("the plugin's settings are wrong")]
    Settings(#[from] serde_json::Error),
    #[error("the user's key makes no account id")]
    AccountId,
}

impl From<DbError> for StoreError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(_) => StoreError::Unavailable(error.into()),
            DbError::Refused(_) | DbError::NoAbility(_) => StoreError::Backend(error.into()),
        }
    }
}
