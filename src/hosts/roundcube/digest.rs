//! What stands in for contents when they are compared.

use crate::db::{Cell, Row};
use std::ops::Range;
use xxhash_rust::xxh3::Xxh3;

/// A digest of table contents; where one value ends and the next begins counts too.
#[derive(Default)]
pub struct Digest(Xxh3);

impl Digest {
    pub fn add(&mut self, cell: Cell<'_>) {
        self.add_octets(&cell.octets());
    }

    pub fn add_cells(&mut self, row: &dyn Row, columns: Range<usize>) {
        columns.for_each(|column| self.add(row.cell(column)));
    }

    pub fn add_octets(&mut self, octets: &[u8]) {
        self.0.update(&(octets.len() as u64).to_le_bytes());
        self.0.update(octets);
    }

    pub fn finish(&self) -> u128 {
        self.0.digest128()
    }
}
