//! The change journal's body: when each record appeared, changed and disappeared.
//!
//! Times are counters: each change of one record takes the next value, so that every value
//! is a state that a client may stand at. The body is one compact value, about 20 octets a
//! record, sorted by id; it is read and written in one pass without a tree in between.
//!
//! A host may use an id again, after an undelete or because its database does. So a record
//! has lives: the counters at which it appeared and disappeared, in turn. For a client that
//! last looked while it was dead it is created now; for one that last saw it alive, updated.

use super::snapshot::Snapshot;
use std::cmp::Ordering;

/// Raise it when the layout changes: a body in another format begins a new epoch.
const FORMAT: u8 = 1;

/// How many appearances and disappearances are told apart for one record.
const MAX_TURNS: usize = 8;

/// More tombstones than this are not kept, however young.
const MAX_TOMBSTONES: usize = 50_000;

/// How long a tombstone is kept. RFC 8620 §5.2 asks for 30 days.
const KEPT_SECS: i64 = 60 * DAY_SECS;
const DAY_SECS: i64 = 86_400;

/// A journal's body together with the counter in its head.
pub struct Journal {
    pub counter: u64,
    /// Changes since a counter below this one are no longer known.
    pub floor: u64,
    milestones: Vec<Milestone>,
    tombstones: usize,
    /// Header and entries; the entries begin at `start`.
    octets: Vec<u8>,
    start: usize,
}

/// What the counter was at a time; at most one a day.
#[derive(Clone, Copy)]
struct Milestone {
    secs: i64,
    counter: u64,
}

/// What became of a record since some counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Created,
    Updated,
    Destroyed,
}

/// One record's history.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    pub id: &'a str,
    version: u64,
    /// Counters at which it appeared and disappeared, in turn.
    turns: [u64; MAX_TURNS],
    turn_count: usize,
    /// When its content last changed, not before its last appearance; 0 while it is dead.
    changed: u64,
}

impl<'a> Entry<'a> {
    fn born(id: &'a str, version: u64, counter: u64) -> Self {
        let mut entry = Self {
            id,
            version,
            turns: [0; MAX_TURNS],
            turn_count: 0,
            changed: counter,
        };
        entry.turn(counter);
        entry
    }

    fn turns(&self) -> &[u64] {
        self.turns.get(..self.turn_count).unwrap_or_default()
    }

    fn last_turn(&self) -> u64 {
        self.turns().last().copied().unwrap_or_default()
    }

    fn is_alive(&self) -> bool {
        self.turn_count % 2 == 1
    }

    fn was_alive(&self, counter: u64) -> bool {
        self.turns().partition_point(|turn| *turn <= counter) % 2 == 1
    }

    /// It appears or disappears. Returns the counter below which its past is no longer known.
    fn turn(&mut self, counter: u64) -> u64 {
        let mut forgotten = 0;
        if self.turn_count == MAX_TURNS {
            // The oldest life goes; who stands before its end could not be answered rightly.
            forgotten = self.turns.get(1).copied().unwrap_or_default();
            self.turns.rotate_left(2);
            self.turn_count -= 2;
        }
        if let Some(turn) = self.turns.get_mut(self.turn_count) {
            *turn = counter;
            self.turn_count += 1;
        }
        forgotten
    }

    /// What had become of this record between two counters, and at which counter.
    ///
    /// `None` also where its content has changed again after `until`: a client that goes on
    /// from there is told then.
    pub fn between(&self, since: u64, until: u64) -> Option<(u64, Change)> {
        let turns = self.turns().iter().copied();
        let last_turn = turns.take_while(|turn| *turn <= until).last()?;
        let (position, change) = match (self.was_alive(since), self.was_alive(until)) {
            (false, true) => (last_turn, Change::Created),
            (true, false) => (last_turn, Change::Destroyed),
            (true, true) if self.changed <= until => (last_turn.max(self.changed), Change::Updated),
            _ => return None,
        };
        (position > since).then_some((position, change))
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_number(out, self.id.len() as u64);
        out.extend_from_slice(self.id.as_bytes());
        write_number(out, self.turn_count as u64);
        let mut previous = 0;
        for turn in self.turns() {
            write_number(out, turn - previous);
            previous = *turn;
        }
        if self.is_alive() {
            write_number(out, self.changed - previous);
            out.extend_from_slice(&self.version.to_le_bytes());
        }
    }
}

impl Journal {
    /// Reads a stored body. `None` when it is damaged or in another format.
    pub fn read(counter: u64, octets: Vec<u8>) -> Option<Self> {
        let mut reader = Reader(&octets);
        if reader.octets(1)? != [FORMAT] {
            return None;
        }
        let floor = reader.number()?;
        let tombstones = usize::try_from(reader.number()?).ok()?;
        let mut milestones = Vec::new();
        for _ in 0..reader.number()? {
            milestones.push(Milestone {
                secs: i64::try_from(reader.number()?).ok()?,
                counter: reader.number()?,
            });
        }
        let start = octets.len() - reader.0.len();
        Some(Self {
            counter,
            floor,
            milestones,
            tombstones,
            octets,
            start,
        })
    }

    /// A journal that begins with the records of `now`.
    pub fn begin(now: &Snapshot, now_secs: i64) -> Option<Self> {
        let empty = Self {
            counter: 0,
            floor: 0,
            milestones: Vec::new(),
            tombstones: 0,
            octets: Vec::new(),
            start: 0,
        };
        let mut journal = empty.advance(now, now_secs)?;
        // No client has ever been at an earlier state.
        journal.floor = journal.counter;
        journal.finish();
        Some(journal)
    }

    /// The body as it is stored.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Visits every record that is or was there, in the order of ids. `None` when the body
    /// is damaged.
    pub fn visit<'a>(&'a self, mut visit: impl FnMut(Entry<'a>)) -> Option<()> {
        let mut reader = self.entries();
        while let Some(entry) = reader.entry()? {
            visit(entry);
        }
        Some(())
    }

    /// The journal after whatever has become of the records until `now`; each that has
    /// changed takes a counter of its own. `None` when the body is damaged.
    pub fn advance(&self, now: &Snapshot, now_secs: i64) -> Option<Self> {
        let forget_to = self.forget_to(now_secs)?;
        let mut next = Self {
            counter: self.counter,
            floor: self.floor,
            milestones: self.milestones.clone(),
            tombstones: 0,
            octets: Vec::with_capacity(self.octets.len() + 64),
            start: 0,
        };
        let mut reader = self.entries();
        let mut old = reader.entry()?;
        let mut records = now.iter().peekable();
        loop {
            let order = match (&old, records.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(entry), Some((id, _))) => entry.id.cmp(id),
            };
            let found = match order {
                Ordering::Less => None,
                _ => records.next(),
            };
            let known = match order {
                Ordering::Greater => None,
                _ => std::mem::replace(&mut old, reader.entry()?),
            };
            next.add(known, found, forget_to);
        }
        if next.counter != self.counter {
            next.add_milestone(now_secs);
        }
        next.finish();
        Some(next)
    }

    /// Writes the entry of a record that was `known`, is `found` now, or both.
    fn add(&mut self, known: Option<Entry<'_>>, found: Option<(&str, u64)>, forget_to: u64) {
        let next = self.counter + 1;
        let entry = match (known, found) {
            (None, None) => return,
            (None, Some((id, version))) => {
                self.counter = next;
                Entry::born(id, version, next)
            }
            (Some(mut entry), None) => {
                if entry.is_alive() {
                    self.counter = next;
                    self.floor = self.floor.max(entry.turn(next));
                } else if entry.last_turn() <= forget_to {
                    self.floor = self.floor.max(entry.last_turn());
                    return;
                }
                self.tombstones += 1;
                entry
            }
            (Some(mut entry), Some((_, version))) => {
                if !entry.is_alive() {
                    self.counter = next;
                    self.floor = self.floor.max(entry.turn(next));
                    entry.changed = next;
                } else if entry.version != version {
                    self.counter = next;
                    entry.changed = next;
                }
                entry.version = version;
                entry
            }
        };
        entry.write(&mut self.octets);
    }

    /// Tombstones that died at this counter or before need not be kept.
    fn forget_to(&self, now_secs: i64) -> Option<u64> {
        let old = self
            .milestones
            .iter()
            .filter(|milestone| now_secs.saturating_sub(milestone.secs) > KEPT_SECS)
            .map(|milestone| milestone.counter)
            .max()
            .unwrap_or_default();
        if self.tombstones <= MAX_TOMBSTONES {
            return Some(old);
        }
        let mut deaths = Vec::new();
        self.visit(|entry| {
            if !entry.is_alive() {
                deaths.push(entry.last_turn());
            }
        })?;
        if deaths.is_empty() {
            return Some(old);
        }
        let middle = deaths.len() / 2;
        let (_, median, _) = deaths.select_nth_unstable(middle);
        Some(old.max(*median))
    }

    fn add_milestone(&mut self, secs: i64) {
        // Of those that are old enough, the newest says everything.
        let is_old =
            |milestone: &Milestone| secs.saturating_sub(milestone.secs) > KEPT_SECS + DAY_SECS;
        self.milestones.retain(|milestone| !is_old(milestone));
        match self.milestones.last_mut() {
            // The counter grows within the day; the time stays, so that it comes of age.
            Some(last) if (0..DAY_SECS).contains(&(secs - last.secs)) => {}
            _ if secs < 0 => {}
            _ => self.milestones.push(Milestone {
                secs,
                counter: self.counter,
            }),
        }
    }

    /// Puts the header, known only now, before the entries.
    fn finish(&mut self) {
        let mut header = vec![FORMAT];
        write_number(&mut header, self.floor);
        write_number(&mut header, self.tombstones as u64);
        write_number(&mut header, self.milestones.len() as u64);
        for milestone in &self.milestones {
            write_number(&mut header, milestone.secs.unsigned_abs());
            write_number(&mut header, milestone.counter);
        }
        let start = header.len();
        self.octets.splice(..self.start, header);
        self.start = start;
    }

    fn entries(&self) -> Reader<'_> {
        Reader(self.octets.get(self.start..).unwrap_or_default())
    }
}

/// Seven bits an octet, the lowest first; the high bit says that more follow.
fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push((number & 0x7f) as u8);
}

/// What is still to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn octets(&mut self, count: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let octet = *self.octets(1)?.first()?;
            number |= u64::from(octet & 0x7f).checked_shl(shift)?;
            if octet < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn version(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.octets(8)?.try_into().ok()?))
    }

    /// The next entry: `Some(None)` at the end, `None` when there is none to make out.
    fn entry(&mut self) -> Option<Option<Entry<'a>>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let length = self.number()?;
        let id = std::str::from_utf8(self.octets(length)?).ok()?;
        let mut entry = Entry {
            id,
            version: 0,
            turns: [0; MAX_TURNS],
            turn_count: usize::try_from(self.number()?).ok()?,
            changed: 0,
        };
        let mut previous = 0_u64;
        for turn in entry.turns.get_mut(..entry.turn_count)? {
            previous = previous.checked_add(self.number()?)?;
            *turn = previous;
        }
        if entry.is_alive() {
            entry.changed = previous.checked_add(self.number()?)?;
            entry.version = self.version()?;
        }
        Some(Some(entry))
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY_SECS, Journal, KEPT_SECS, MAX_TOMBSTONES, MAX_TURNS};
    use crate::records::snapshot::Snapshot;
    use crate::store::Version;

    /// Records `c<key>` with a version each.
    fn snapshot(records: impl IntoIterator<Item = (u32, u128)>) -> Snapshot {
        let records = records.into_iter();
        Snapshot::of(records.map(|(key, version)| (format!("c{key}"), Version(version)))).unwrap()
    }

    fn begin(records: impl IntoIterator<Item = (u32, u128)>) -> Journal {
        Journal::begin(&snapshot(records), 0).unwrap()
    }

    fn stored_and_read(journal: &Journal) -> Journal {
        Journal::read(journal.counter, journal.octets().to_vec()).unwrap()
    }

    #[test]
    fn journal_survives_being_stored() {
        let journal = begin([(1, 1), (2, 2)]);
        let journal = journal.advance(&snapshot([(2, 3), (3, 3)]), 5).unwrap();
        let read = stored_and_read(&journal);
        assert_eq!(read.octets(), journal.octets());
        assert_eq!((read.counter, read.floor), (5, 2));
        let again = read.advance(&snapshot([(2, 3), (3, 3)]), 6).unwrap();
        assert_eq!(again.octets(), journal.octets());
    }

    #[test]
    fn journal_that_is_cut_off_anywhere_is_never_taken_for_another() {
        let journal = begin((0..5).map(|key| (key, 1)));
        for length in 0..journal.octets().len() {
            let cut = journal.octets().get(..length).unwrap().to_vec();
            let entries = Journal::read(journal.counter, cut).and_then(|cut| {
                let mut entries = 0;
                cut.visit(|_| entries += 1)?;
                Some(entries)
            });
            assert!(entries.unwrap_or(0) < 5, "cut after {length}");
        }
    }

    #[test]
    fn journal_takes_little_memory() {
        let journal = begin((0..10_000).map(|key| (key, u128::from(key))));
        assert!(journal.octets().len() < 10_000 * 20);
    }

    #[test]
    fn journal_keeps_a_tombstone_for_60_days_and_then_raises_its_floor() {
        let journal = begin([(1, 1), (2, 1)]);
        let only_one = snapshot([(1, 1)]);
        let died = journal.advance(&only_one, DAY_SECS).unwrap();
        let young = died.advance(&only_one, DAY_SECS + KEPT_SECS).unwrap();
        assert_eq!((young.tombstones, young.floor), (1, 2));
        let old = died.advance(&only_one, DAY_SECS + KEPT_SECS + 1).unwrap();
        assert_eq!((old.tombstones, old.floor), (0, 3));
    }

    #[test]
    fn journal_bounds_its_tombstones_and_keeps_the_youngest() {
        let count = u32::try_from(MAX_TOMBSTONES).unwrap() + 1;
        let journal = begin((0..count).map(|key| (key, 1)));
        let all_dead = journal.advance(&snapshot([]), 1).unwrap();
        assert_eq!(all_dead.tombstones, MAX_TOMBSTONES + 1);
        let pruned = all_dead.advance(&snapshot([]), 2).unwrap();
        assert_eq!(pruned.tombstones, MAX_TOMBSTONES / 2);
        let mut deaths = Vec::new();
        pruned
            .visit(|entry| deaths.push(entry.last_turn()))
            .unwrap();
        assert!(deaths.iter().all(|death| *death > pruned.floor));
    }

    #[test]
    fn journal_raises_its_floor_when_it_forgets_a_life() {
        let mut journal = begin([(1, 1)]);
        for _ in 0..MAX_TURNS / 2 {
            assert_eq!(journal.floor, 1);
            journal = journal.advance(&snapshot([]), 1).unwrap();
            journal = journal.advance(&snapshot([(1, 1)]), 1).unwrap();
        }
        assert_eq!(journal.floor, 2);
    }
}
