//! JSContact to vCard (RFC 9555 §3): what has changed in a Card goes into its stored vCard.
//!
//! The Card that is stored is compared with the one that is wanted, part by part. The lines
//! that express a changed part go and new ones take their place; all others stay octet for
//! octet. The result is read back: what does not read as it was wanted is written anew, too,
//! and what no line can say becomes a JSPROP (§3.2.1). So whatever is written is read again
//! as it was wanted, or it is refused.

mod addresses;
mod carrying;
mod common;
mod components;
mod draft;
mod entries;
mod groups;
mod jcard;
mod line;
mod localized;
mod names;
mod owners;
mod passes;
mod patches;
mod places;
mod schema;
mod units;
mod wanted;
mod writer;

use super::{Card, Dialect, HostMembers};
use crate::store::{Contents, Object, StoreError};
use line::Style;
use owners::Owners;
use passes::{Patching, Reading};
use serde_json::Value;
use std::collections::BTreeSet;
use units::{CARRIED, Unit};
use wanted::Wanted;

/// Why a Card cannot be stored: it is none (RFC 9553).
#[derive(Debug, PartialEq, Eq)]
pub struct Unwritable {
    /// Pointers into the Card.
    pub properties: Vec<String>,
    pub reason: String,
}

impl Unwritable {
    fn of(property: &str, reason: &str) -> Self {
        Self {
            properties: vec![property.to_owned()],
            reason: reason.to_owned(),
        }
    }
}

impl From<Unwritable> for StoreError {
    fn from(error: Unwritable) -> Self {
        Self::Invalid {
            properties: error.properties,
            reason: error.reason,
        }
    }
}

/// Makes the stored card say what `after` says. `stored` is empty for a new card.
///
/// What only the server says (`id`, `addressBookIds`) and what the host keeps elsewhere
/// (`updated`, where `host` has it) is not written. A card without a UID gets the host's.
/// Beyond `after`, `vCardName`, `vCardParams` and the VERSION in `vCardProps` may tell how
/// things are stored.
///
/// `blobs` finds a `blobId` in `media` that is none of the card's own, such as an uploaded
/// one; its octets are embedded.
///
/// # Errors
/// `Unwritable` names what is no valid JSContact; nothing else is refused.
pub fn patch(
    stored: &[u8],
    dialect: &'static Dialect,
    host: &HostMembers<'_>,
    after: &Object,
    blobs: &dyn Fn(&str) -> Option<Contents>,
) -> Result<Vec<u8>, Unwritable> {
    if u32::try_from(stored.len()).is_err() {
        return Err(Unwritable::of("", "the stored card is too large"));
    }
    let frame = new_card(after);
    let stored_text = match stored {
        [] => frame.as_bytes(),
        stored => stored,
    };
    let card = Card::parse(stored_text, dialect);
    let before = Reading::of(&card, host);
    let wanted = Wanted::of(after, host, &card, before.object(), blobs)?;
    let patching = Patching {
        owners: Owners::of(&card),
        style: Style::of(&card),
        stored: before,
        card: &card,
        host,
        wanted: &wanted,
    };
    let plan = patching.first_plan(stored.is_empty());
    if plan.is_empty() {
        return Ok(stored.to_vec());
    }
    patching.check(&plan)?;
    let mut written = patching.write(plan)?;
    if stored.starts_with(BYTE_ORDER_MARK) {
        written.splice(0..0, BYTE_ORDER_MARK.iter().copied());
    }
    Ok(written)
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A card with nothing in it, in the version that is wanted, or in 3.0, which all hosts read.
fn new_card(after: &Object) -> String {
    let carried = after.get(CARRIED).and_then(Value::as_array);
    let version = carried.into_iter().flatten().find_map(|property| {
        let is_version = property.get(0)? == "version";
        property.get(3)?.as_str().filter(|_| is_version)
    });
    let version = version.filter(|version| ["2.1", "3.0", "4.0"].contains(version));
    format!(
        "BEGIN:VCARD\r\nVERSION:{}\r\nEND:VCARD\r\n",
        version.unwrap_or("3.0")
    )
}

fn unwritable(units: &BTreeSet<Unit>, reason: &str) -> Unwritable {
    Unwritable {
        properties: units.iter().map(|unit| unit.join("/")).collect(),
        reason: reason.to_owned(),
    }
}
