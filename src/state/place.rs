//! Where an admin has put the state.

use super::mysql;
use std::fmt;
use std::path::PathBuf;

/// Where the state is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A directory for a SQLite file, which the workers of one machine share. It must exist,
    /// belong to the user that the process runs as, and be closed to all others.
    Directory(PathBuf),
    /// `mysql://user:password@host:port/database`, which the nodes of a cluster share. With
    /// `?socket=/path` it is reached through that, and with `?root_cert_path=/path` only by
    /// TLS, whose certificate one of that file must vouch for. Of the database, tables whose
    /// names begin with `openxport_` are ours.
    Server(String),
}

/// What anybody may see: no password.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(formatter, "SQLite in {}", path.display()),
            Self::Server(url) => match mysql::address(url) {
                Ok(address) => write!(formatter, "MySQL at {address}"),
                Err(error) => write!(formatter, "MySQL, but {error}"),
            },
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Place({self})")
    }
}
