//! What the vCards that Roundcube writes do differently from the standard.
//!
//! Only backslash, line end and semicolon are escaped there, never a comma, so that a comma
//! in a name is text. The kinds of phone number that its editor offers are TYPE values of
//! its own.

use crate::convert::vcard::{Dialect, Rule, Shape, Target, TypeRule};

pub const ROUNDCUBE: Dialect = Dialect {
    rules: &[Rule {
        name: "X-DEPARTMENT",
        target: Target::OrganizationUnit,
        implies: "",
        shape: Shape::Unknown,
    }],
    types: &[
        written("homefax", "private", "fax"),
        written("workfax", "work", "fax"),
        kind("home1", "private", ""),
        kind("home2", "private", ""),
        kind("work2", "work", ""),
        written("main", "", "main-number"),
        kind("iphone", "", "mobile"),
        kind("mobile", "", "mobile"),
        // What its import reads of other programs' cards.
        kind("business", "work", ""),
        kind("business1", "work", ""),
        kind("business2", "work", ""),
        kind("businessfax", "work", "fax"),
    ],
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
    folds: false,
    cuts_quotes: true,
};

const fn kind(value: &'static str, context: &'static str, feature: &'static str) -> TypeRule {
    TypeRule {
        value,
        context,
        feature,
        is_written: false,
    }
}

const fn written(value: &'static str, context: &'static str, feature: &'static str) -> TypeRule {
    TypeRule {
        is_written: true,
        ..kind(value, context, feature)
    }
}
