//! OpenXPort lets a webmail account speak JMAP.

pub mod data_types;
pub mod json;
pub mod state;
pub mod store;
