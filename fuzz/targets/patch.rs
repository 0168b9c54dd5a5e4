//! PatchObject: the input is `[record, patch]`; never panics, and a whole record is a patch
//! that makes itself (RFC 8620 §5.3).
#![no_main]

use libfuzzer_sys::fuzz_target;
use openxport::records::patch;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let Ok(Value::Array(parts)) = serde_json::from_slice::<Value>(input) else {
        return;
    };
    let Ok([Value::Object(record), Value::Object(patch)]) = <[Value; 2]>::try_from(parts) else {
        return;
    };
    if let Ok(patched) = patch::apply(&record, &patch, |_| None) {
        for (pointer, value) in patch.iter().filter(|(pointer, _)| !pointer.contains(['/', '~'])) {
            match value {
                Value::Null => assert!(!patched.contains_key(pointer)),
                value => assert_eq!(patched.get(pointer), Some(value)),
            }
        }
    }
});
