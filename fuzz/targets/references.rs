//! Result references: the input is `[response, path]`; never panics, and no reference leads
//! to more octets than the budget.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openxport::jmap::references::Results;
use openxport::jmap::request::Invocation;
use serde_json::{Value, json};

const OCTETS: usize = 100_000;

fuzz_target!(|input: &[u8]| {
    let Ok(Value::Array(parts)) = serde_json::from_slice::<Value>(input) else {
        return;
    };
    let Ok([response, path]) = <[Value; 2]>::try_from(parts) else {
        return;
    };
    let Value::Object(arguments) =
        json!({"#ids": {"resultOf": "a", "name": "Foo/get", "path": path}})
    else {
        return;
    };
    let call = Invocation {
        name: "Foo/get".to_owned(),
        arguments,
        call_id: "b".to_owned(),
    };
    let mut results = Results::new(std::slice::from_ref(&call), OCTETS);
    results.keep("a", "Foo/get", response);
    if let Ok(resolved) = results.resolve(call.arguments) {
        assert!(resolved["ids"].to_string().len() <= 6 * OCTETS);
    }
});
