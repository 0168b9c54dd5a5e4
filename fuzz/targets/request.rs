//! Decoding a Request: never panics; what it accepts is I-JSON that serde_json accepts too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openxport::jmap::request;

fuzz_target!(|body: &[u8]| {
    if let Ok(value) = request::parse(body) {
        let again: serde_json::Value =
            serde_json::from_slice(body).expect("serde_json reads what was accepted");
        assert_eq!(value, again);
    }
    let _ = request::decode(body);
});
