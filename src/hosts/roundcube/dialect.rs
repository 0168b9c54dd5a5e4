//! What the vCards that Roundcube writes do differently from the standard.
//!
//! Only backslash, line end and semicolon are escaped there, never a comma, so that a comma
//! in a name is text. What its editor offers beyond the standard, other programs write too.

use crate::convert::vcard::{Dialect, PROGRAMS};

pub const ROUNDCUBE: Dialect = Dialect {
    comma_is_text: &["N", "NICKNAME", "ADR"],
    // What its editor shows.
    writes: &[
        "X-ANNIVERSARY",
        "X-SPOUSE",
        "X-ASSISTANT",
        "X-DEPARTMENT",
        "X-JABBER",
        "X-ICQ",
        "X-MSN",
        "X-AIM",
        "X-YAHOO",
        "X-SKYPE",
    ],
    // Its editor drops FN and N in other languages, and makes values of their own of others.
    has_languages: false,
    folds: false,
    cuts_quotes: true,
    ..PROGRAMS
};
