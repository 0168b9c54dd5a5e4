//! What any face does with records, whatever the data type and the host.

pub mod changes;
