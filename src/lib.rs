//! OpenXPort lets a webmail account speak JMAP.

pub mod json;
pub mod store;
