//! Panics on demand, to show that none of them reaches the worker.
//!
//! Only a build with the feature `fault-injection` has them; the tests of the extension use
//! one, and no other build can be made to panic from PHP.

#[cfg(feature = "fault-injection")]
pub use armed::{perhaps, register};

#[cfg(not(feature = "fault-injection"))]
pub use disarmed::{perhaps, register};

#[cfg(feature = "fault-injection")]
mod armed {
    use ext_php_rs::prelude::*;
    use std::cell::RefCell;

    thread_local! {
        static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    }

    /// Makes the next visit of `place` panic: an entry such as `Server::handle`, or a method
    /// that Rust calls, such as `rows`.
    #[php_function]
    #[php(name = "OpenXPort\\inject_panic")]
    pub fn inject_panic(place: String) {
        PLACE.set(Some(place));
    }

    pub fn register(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
        module.function(wrap_function!(inject_panic))
    }

    pub fn perhaps(place: &str) {
        let is_here = PLACE.with_borrow(|wanted| wanted.as_deref() == Some(place));
        if is_here {
            PLACE.set(None);
            panic!("injected at {place}");
        }
    }
}

#[cfg(not(feature = "fault-injection"))]
mod disarmed {
    use ext_php_rs::prelude::ModuleBuilder;

    pub fn register(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
        module
    }

    pub fn perhaps(_place: &str) {}
}
