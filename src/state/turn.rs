//! Who waits for whom on a server.

use xxhash_rust::xxh3::xxh3_64;

/// The turns of accounts, among which they are spread.
const ACCOUNT_TURNS: u64 = 62;

/// How many turns there are.
pub(super) const TURNS: i64 = 64;

/// What a transaction may touch. Two that take the same turn run one after the other; each
/// takes one only, so that none waits for another in a circle.
#[derive(Clone, Copy, Debug)]
pub(super) enum Turn<'a> {
    /// The journals and leases of an account, which is scoped.
    Account(&'a str),
    /// All uploads: those of different accounts share contents.
    Uploads,
    /// All logins: one name is tried from many addresses, and one address tries many names.
    Logins,
}

impl Turn<'_> {
    /// From 0 to [`TURNS`], the same on every machine.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Uploads => 0,
            Self::Logins => 1,
            Self::Account(account) => {
                let place = xxh3_64(account.as_bytes()) % ACCOUNT_TURNS;
                place.cast_signed() + 2
            }
        }
    }
}
