//! How much is done at once, where somebody looks at the clock in between.

use std::time::{Duration, Instant};

/// How long what is done at once may take.
const SLICE: Duration = Duration::from_secs(1);

/// How many pieces of work come first, before it is known how long they take.
const FIRST: usize = 50;

/// Some pieces of work at first, and then as many as fit into a [`SLICE`].
pub struct Pace {
    at_once: usize,
    most: usize,
}

impl Pace {
    pub fn new(most: usize) -> Self {
        Self {
            at_once: FIRST.min(most),
            most,
        }
    }

    pub fn at_once(&self) -> usize {
        self.at_once
    }

    /// Does so many pieces of work, and learns from how long they take.
    pub fn time<T>(&mut self, pieces: usize, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = work();
        self.learn(pieces, began.elapsed());
        done
    }

    fn learn(&mut self, pieces: usize, taken: Duration) {
        let fitting = SLICE.as_nanos() * pieces as u128 / taken.as_nanos().max(1);
        let fitting = usize::try_from(fitting).unwrap_or(self.most);
        self.at_once = fitting.clamp(1, self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use std::time::Duration;

    #[test]
    fn pace_is_as_much_as_takes_a_second() {
        let mut pace = Pace::new(250);
        assert_eq!(pace.at_once(), 50);
        for (pieces, millis, expected) in [
            (1, 20, 50),
            (50, 5_000, 10),
            (10, 1, 250),
            (250, 1_000_000, 1),
            (1, 0, 250),
        ] {
            pace.learn(pieces, Duration::from_millis(millis));
            assert_eq!(pace.at_once(), expected, "{pieces} in {millis} ms");
        }
    }
}
