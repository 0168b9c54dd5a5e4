//! The columns beside a vCard, which Roundcube's lists and its search use.

use serde::Deserialize;

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Columns {
    pub name: String,
    pub email: String,
    pub firstname: String,
    pub surname: String,
    pub words: String,
}
