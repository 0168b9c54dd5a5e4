//! The processor time of a test's own thread, which Rust's standard library does not tell.

use std::ffi::{c_int, c_long};

#[repr(C)]
struct TimeSpec {
    seconds: c_long,
    nanoseconds: c_long,
}

/// As Linux numbers it.
const CLOCK_THREAD_CPUTIME_ID: c_int = 3;

unsafe extern "C" {
    fn clock_gettime(clock: c_int, time: *mut TimeSpec) -> c_int;
}

pub fn nanoseconds_of_thread() -> u64 {
    let mut time = TimeSpec {
        seconds: 0,
        nanoseconds: 0,
    };
    // SAFETY: the C library writes into `time`, which has the shape that it expects.
    let failed = unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(failed, 0, "Linux has this clock");
    time.seconds as u64 * 1_000_000_000 + time.nanoseconds as u64
}
