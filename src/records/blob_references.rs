//! Which records refer to a blob.

use super::path::Path;
use crate::data_types::DataType;
use crate::json;
use crate::store::{Object, Selection, Store, StoreError, Wanted};
use std::collections::{BTreeMap, BTreeSet};

/// The ids of the records that refer to each blob, by the blob's id.
pub type Referring = BTreeMap<String, BTreeSet<String>>;

/// Looks through every record for these blobs. `go_on` is asked between the records.
pub fn find_referring(
    data_type: &DataType,
    store: &dyn Store,
    blobs: &BTreeSet<String>,
    go_on: &mut dyn FnMut() -> Result<(), StoreError>,
) -> Result<Referring, StoreError> {
    let paths: Vec<Path> = data_type.blobs.iter().map(|path| Path::new(path)).collect();
    let selection = Selection::of(paths.iter().map(Path::property));
    let mut referring = Referring::new();
    let mut text = json::Writer::new();
    store.read(Wanted::All, &selection, &mut |record| {
        text.clear();
        record.emit(&selection, &mut text);
        let object: Object = serde_json::from_slice(text.as_bytes())
            .map_err(|error| StoreError::Backend(error.into()))?;
        for path in &paths {
            path.visit(&object, &mut |blob| {
                if blobs.contains(blob) {
                    let records = referring.entry(blob.to_owned()).or_default();
                    records.insert(record.id().to_owned());
                }
            });
        }
        go_on()
    })?;
    Ok(referring)
}
