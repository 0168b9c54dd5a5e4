//! The state of a data type in an account (RFC 8620 §1.6.3, §5.1).

use crate::data_types::DataType;
use crate::state::State;
use crate::store::{Account, Store, StoreError};

/// How a data type stands in an account.
#[derive(Debug, Clone)]
pub struct Current {
    /// The state string of `/get`.
    pub state: String,
    /// How many records there are.
    pub count: u64,
}

/// The present state, which differs from every earlier one once anything has changed.
pub fn current(
    _state: &State,
    _account: &Account,
    _data_type: &DataType,
    store: &dyn Store,
) -> Result<Current, StoreError> {
    let fingerprint = store.fingerprint()?;
    Ok(Current {
        state: format!("{:032x}", fingerprint.digest),
        count: fingerprint.count,
    })
}
