//! Finds the components in a file that comes in pieces: the cards of a .vcf, from BEGIN to END
//! (RFC 6350 §6.1.1, §6.1.2).
//!
//! What is no whole component is told with its line, and the next one is found all the same.
//! A file in UTF-16 is decoded; what else it is in is for the component's own reader. Memory
//! is bounded by the largest component that is read, time by the file.

use super::charset;
use encoding_rs::{Encoding, UTF_16BE};
use memchr::memchr;
use std::borrow::Cow;

/// How much is looked at to learn how the lines of a file end.
const BEGINNING_OCTETS: usize = 64 * 1024;

/// What a file holds: a component, or something that is none.
#[derive(Debug, PartialEq, Eq)]
pub struct Item<'t> {
    /// Where it begins and ends in the file, in octets.
    pub start: u64,
    pub end: u64,
    /// The line that it begins on; the first is 1.
    pub line: u64,
    pub content: Result<Component<'t>, Fault>,
}

/// The lines between BEGIN and END.
#[derive(Debug, PartialEq, Eq)]
pub struct Component<'t> {
    /// Each line ends with LF.
    pub text: &'t [u8],
    /// Some of it was no UTF-16 and is lost.
    pub is_damaged: bool,
}

/// Why an item is no component that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no END before the next BEGIN or the end of the file.
    NotTerminated,
    TooLarge,
    /// Lines outside of any component.
    Unrecognized,
}

/// What a file is searched for.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// The component's name, such as `VCARD`.
    pub name: &'static str,
    /// The property, with nothing in its own line, in which another component may stand.
    pub nesting: &'static str,
    /// The most that one component may have.
    pub max_octets: usize,
}

/// A file that is being looked through.
#[derive(Debug)]
pub struct ComponentFile {
    search: Search,
    /// What came before it was known how the file is written.
    beginning: Vec<u8>,
    writing: Option<Writing>,
    /// Where in the file the next octet is.
    position: u64,
    line: PartOfLine,
    /// How many lines there were.
    lines: u64,
    open: Option<Open>,
    /// The lines of the open component.
    text: Vec<u8>,
    /// Where the first line stands that is in no component, since the last one.
    stray: Option<Place>,
    has_components: bool,
}

/// How a file is written.
#[derive(Clone, Copy, Debug)]
struct Writing {
    /// `None` for an encoding in which ASCII is itself.
    utf_16: Option<&'static Encoding>,
    line_end: u8,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    start: u64,
    line: u64,
}

/// A line whose end is yet to come.
#[derive(Debug, Default)]
struct PartOfLine {
    start: u64,
    octets: Vec<u8>,
    /// The last octet that has come.
    last: u8,
}

/// A component whose END is yet to come.
#[derive(Debug)]
struct Open {
    place: Place,
    /// How many components deep inside it this is.
    depth: u64,
    /// The last line lets another component begin.
    nests: bool,
    is_too_large: bool,
    is_damaged: bool,
}

enum Mark {
    Begin,
    End,
}

impl ComponentFile {
    pub fn new(search: Search) -> Self {
        Self {
            search,
            beginning: Vec::new(),
            writing: None,
            position: 0,
            line: PartOfLine::default(),
            lines: 0,
            open: None,
            text: Vec::new(),
            stray: None,
            has_components: false,
        }
    }

    /// Takes the next octets, and visits each item that ends in them.
    ///
    /// # Errors
    /// Those of `visit`.
    pub fn push<E>(
        &mut self,
        octets: &[u8],
        visit: &mut dyn FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(writing) = self.writing {
            return self.read(octets, writing, visit);
        }
        self.beginning.extend_from_slice(octets);
        if self.beginning.len() < BEGINNING_OCTETS {
            return Ok(());
        }
        self.begin(visit)
    }

    /// Visits what is left when all octets have come.
    ///
    /// # Errors
    /// Those of `visit`.
    pub fn finish<E>(&mut self, visit: &mut dyn FnMut(Item<'_>) -> Result<(), E>) -> Result<(), E> {
        if self.writing.is_none() {
            self.begin(visit)?;
        }
        if !self.line.octets.is_empty() {
            self.end_line(visit)?;
        }
        self.give_up_open(self.position, visit)?;
        self.end_stray(self.position, visit)
    }

    /// Learns from its beginning how the file is written, and reads that.
    fn begin<E>(&mut self, visit: &mut dyn FnMut(Item<'_>) -> Result<(), E>) -> Result<(), E> {
        let beginning = std::mem::take(&mut self.beginning);
        let (utf_16, mark_octets) = match charset::byte_order(&beginning) {
            Some((encoding, octets)) => (Some(encoding), octets),
            None => (None, 0),
        };
        let writing = Writing {
            utf_16,
            // Where nothing ends with LF, CR ends a line; elsewhere it is an octet like others.
            line_end: match memchr(b'\n', &beginning) {
                Some(_) => b'\n',
                None => b'\r',
            },
        };
        self.writing = Some(writing);
        self.position = mark_octets as u64;
        let rest = beginning.get(mark_octets..).unwrap_or_default();
        self.line.start = self.position;
        self.read(rest, writing, visit)
    }

    fn read<E>(
        &mut self,
        octets: &[u8],
        writing: Writing,
        visit: &mut dyn FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(encoding) = writing.utf_16 {
            let line_end = match encoding == UTF_16BE {
                true => [0, writing.line_end],
                false => [writing.line_end, 0],
            };
            return self.read_utf_16(octets, line_end, visit);
        }
        let mut rest = octets;
        while let Some(end) = memchr(writing.line_end, rest) {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            self.position += line.len() as u64 + 1;
            // A line that is whole in one piece is not copied.
            if self.line.octets.is_empty() {
                self.whole_line(line, self.line.start, visit)?;
                self.line.start = self.position;
            } else {
                self.keep(line, self.search.max_octets);
                self.end_line(visit)?;
            }
        }
        self.position += rest.len() as u64;
        self.keep(rest, self.search.max_octets);
        Ok(())
    }

    fn read_utf_16<E>(
        &mut self,
        octets: &[u8],
        line_end: [u8; 2],
        visit: &mut dyn FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for octet in octets {
            self.position += 1;
            let unit = [std::mem::replace(&mut self.line.last, *octet), *octet];
            if (self.position - self.line.start).is_multiple_of(2) && unit == line_end {
                self.line.octets.pop();
                self.end_line(visit)?;
            } else {
                // A character of ASCII has twice the octets there.
                self.keep(&[*octet], 2 * self.search.max_octets);
            }
        }
        Ok(())
    }

    /// Keeps the part of a line that has come. One that is cut off here is too large, by its
    /// end, for any component.
    fn keep(&mut self, part: &[u8], max_octets: usize) {
        let room = max_octets.saturating_sub(self.line.octets.len());
        let kept = part.get(..room).unwrap_or(part);
        self.line.octets.extend_from_slice(kept);
    }

    /// Ends the line that has been kept.
    fn end_line<E>(&mut self, visit: &mut dyn FnMut(Item<'_>) -> Result<(), E>) -> Result<(), E> {
        let mut line = std::mem::take(&mut self.line);
        self.whole_line(&line.octets, line.start, visit)?;
        // Its memory serves the next one.
        line.octets.clear();
        self.line = PartOfLine {
            start: self.position,
            octets: line.octets,
            ..PartOfLine::default()
        };
        Ok(())
    }

    fn whole_line<E>(
        &mut self,
        octets: &[u8],
        start: u64,
        visit: &mut dyn FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (line, is_damaged) = match self.writing.and_then(|writing| writing.utf_16) {
            None => (Cow::Borrowed(octets), false),
            Some(encoding) => {
                let (line, is_damaged) = encoding.decode_without_bom_handling(octets);
                (Cow::Owned(line.into_owned().into_bytes()), is_damaged)
            }
        };
        // Files that were put together have marks in them.
        let line = line.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(&line);
        let line = without_returns(line);
        self.lines += 1;
        let place = Place {
            start,
            line: self.lines,
        };
        let is_continued = self.open.is_some() && matches!(line, [b' ' | b'\t', ..]);
        let mark = match is_continued {
            true => None,
            false => mark(line, self.search.name),
        };
        let Some(open) = &mut self.open else {
            if let Some(Mark::Begin) = mark {
                self.has_components = true;
                self.end_stray(start, visit)?;
                self.open_at(place);
            } else if !line.trim_ascii().is_empty() {
                self.stray.get_or_insert(place);
            }
            return Ok(());
        };
        match mark {
            Some(Mark::Begin) if open.nests => {
                open.nests = false;
                open.depth += 1;
            }
            Some(Mark::Begin) => {
                self.give_up_open(start, visit)?;
                self.open_at(place);
                return Ok(());
            }
            Some(Mark::End) if open.depth == 0 => return self.close(visit),
            Some(Mark::End) => open.depth -= 1,
            None if line.is_empty() => {}
            None => open.nests = !is_continued && nests(line, self.search.nesting),
        }
        open.is_damaged |= is_damaged;
        let size = self.text.len() + line.len() + 1;
        if size > self.search.max_octets {
            open.is_too_large = true;
            self.text.clear();
        }
        if !open.is_too_large {
            self.text.extend_from_slice(line);
            self.text.push(b'\n');
        }
        Ok(())
    }

    fn open_at(&mut self, place: Place) {
        self.text.clear();
        self.open = Some(Open {
            place,
            depth: 0,
            nests: false,
            is_too_large: false,
            is_damaged: false,
        });
    }

    fn close<E>(&mut self, visit: &mut dyn FnMut(Item<'_>) -> Result<(), E>) -> Result<(), E> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let content = match open.is_too_large {
            true => Err(Fault::TooLarge),
            false => Ok(Component {
                text: &self.text,
                is_damaged: open.is_damaged,
            }),
        };
        visit(Item {
            start: open.place.start,
            end: self.position,
            line: open.place.line,
            content,
        })
    }

    /// Visits the open component, if there is one, as what has no END.
    fn give_up_open<E>(
        &mut self,
        end: u64,
        visit: &mut dyn FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.open.take() {
            None => Ok(()),
            Some(open) => visit(failed(open.place, end, Fault::NotTerminated)),
        }
    }

    /// Visits the lines before this place that are in no component. Where a file has no
    /// component at all, there is nothing to be told.
    fn end_stray<E>(
        &mut self,
        end: u64,
        visit: &mut dyn FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.stray.take() {
            Some(place) if self.has_components => visit(failed(place, end, Fault::Unrecognized)),
            _ => Ok(()),
        }
    }
}

fn failed(place: Place, end: u64, fault: Fault) -> Item<'static> {
    Item {
        start: place.start,
        end,
        line: place.line,
        content: Err(fault),
    }
}

/// Whether a line is the BEGIN or the END of a component of this name.
fn mark(line: &[u8], name: &str) -> Option<Mark> {
    // Nearly all lines are neither.
    if !matches!(line.trim_ascii_start().first()?, b'B' | b'b' | b'E' | b'e') {
        return None;
    }
    let colon = memchr(b':', line)?;
    let is = |text: &[u8], word: &str| text.trim_ascii().eq_ignore_ascii_case(word.as_bytes());
    let (property, value) = (line.get(..colon)?, line.get(colon + 1..)?);
    if !is(value, name) {
        return None;
    }
    match property {
        property if is(property, "BEGIN") => Some(Mark::Begin),
        property if is(property, "END") => Some(Mark::End),
        _ => None,
    }
}

/// Whether a line is this property with nothing in it, so that a component may follow.
fn nests(line: &[u8], property: &str) -> bool {
    let Some(head) = line.trim_ascii_end().strip_suffix(b":") else {
        return false;
    };
    let name = head.split(|octet| *octet == b';').next();
    let name = name
        .unwrap_or_default()
        .rsplit(|octet| *octet == b'.')
        .next();
    name.is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(property.as_bytes()))
}

fn without_returns(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|octet| *octet != b'\r');
    line.get(..end.map_or(0, |last| last + 1)).unwrap_or(line)
}

#[cfg(test)]
mod tests;
