//! Which of Roundcube's hooks have to be asked before a contact is written.
//!
//! `contact_hooks`: their names, separated by commas; the same during a request. They are
//! those that a plugin listens to, so that nearly always there are none.

use crate::db::{Database, DbError};
use std::cell::OnceCell;

#[derive(Default)]
pub struct Hooks(OnceCell<String>);

impl Hooks {
    /// Whether this one has to be asked.
    pub fn has(&self, database: &dyn Database, hook: &str) -> Result<bool, DbError> {
        let known = match self.0.get() {
            Some(known) => known,
            None => {
                let names = database.call("contact_hooks", &[])?.unwrap_or_default();
                let names = String::from_utf8_lossy(&names).into_owned();
                self.0.get_or_init(|| names)
            }
        };
        Ok(known.split(',').any(|known| known == hook))
    }
}
