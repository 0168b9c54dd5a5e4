//! What widely used programs write beyond the standard.

use super::rule::{Dialect, Rule, STANDARD, Shape, Target, TypeRule};

/// The standard, and the departments and kinds of phone number of programs.
pub const PROGRAMS: Dialect = Dialect {
    rules: &[Rule {
        name: "X-DEPARTMENT",
        target: Target::OrganizationUnit,
        implies: "",
        shape: Shape::Unknown,
    }],
    types: &[
        written("homefax", "private", "fax"),
        written("workfax", "work", "fax"),
        kind("businessfax", "work", "fax"),
        kind("home1", "private", ""),
        kind("home2", "private", ""),
        kind("work2", "work", ""),
        kind("business", "work", ""),
        kind("business1", "work", ""),
        kind("business2", "work", ""),
        written("main", "", "main-number"),
        kind("iphone", "", "mobile"),
        kind("mobile", "", "mobile"),
    ],
    ..STANDARD
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
