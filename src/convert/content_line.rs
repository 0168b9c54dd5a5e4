//! Reads content lines, the text format that vCard and iCalendar share (RFC 6350 §3.2, §3.3,
//! RFC 5545 §3.1, and the elder vCard 2.1).
//!
//! The reader never fails and looks at each octet a bounded number of times. It unfolds
//! (soft breaks of quoted-printable too, and base64 that is not indented), separates group,
//! name, parameters and value, and leaves their octets alone: escapes, transfer encodings
//! and charsets are for the caller. A line that is not folded is not copied.

use super::charset;
use super::transfer_encoding::{HeadSearch, TransferEncoding};
use memchr::{memchr, memchr2, memchr3, memrchr};
use std::borrow::Cow;

/// The content lines of one text.
///
/// Offsets have 32 bits, so that a text of tiny lines needs little more memory than itself;
/// what lies beyond 4 GiB is not read.
#[derive(Debug)]
pub struct ContentLines<'a> {
    text: Cow<'a, [u8]>,
    /// The logical lines that were folded, one after the other.
    unfolded: Vec<u8>,
    lines: Vec<StoredLine>,
    params: Vec<StoredParam>,
}

/// One logical line. Group, name and value are as they were written.
#[derive(Clone, Copy, Debug)]
pub struct Line<'c> {
    source: &'c [u8],
    stored: &'c StoredLine,
    params: &'c [StoredParam],
}

/// One parameter: `TYPE=home,work`, or the bare `HOME` of vCard 2.1, which has no name.
#[derive(Clone, Copy, Debug)]
pub struct Param<'c> {
    /// Empty for a bare value.
    pub name: &'c [u8],
    /// With its quotes and commas.
    pub value: &'c [u8],
}

#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Debug)]
struct StoredLine {
    /// The physical line that it starts on; the first is 1.
    number: u32,
    folded: bool,
    group: Span,
    /// Empty when the line has no valid name or no colon; the value is then the whole line.
    name: Span,
    value: Span,
    first_param: u32,
}

#[derive(Debug)]
struct StoredParam {
    name: Span,
    value: Span,
}

impl<'a> ContentLines<'a> {
    pub fn read(text: &'a [u8]) -> Self {
        let mut text = charset::without_byte_order(text);
        if u32::try_from(text.len()).is_err() {
            let readable = text.get(..u32::MAX as usize).unwrap_or_default().to_vec();
            text = Cow::Owned(readable);
        }
        let mut reader = Reader {
            text: &text,
            position: 0,
            line_end: line_end(&text),
            number: 0,
            unfolded: Vec::new(),
            lines: Vec::with_capacity((text.len() / 20).min(64)),
            params: Vec::new(),
        };
        while reader.position < text.len() {
            reader.logical_line();
        }
        let Reader {
            unfolded,
            lines,
            params,
            ..
        } = reader;
        Self {
            text,
            unfolded,
            lines,
            params,
        }
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// The text as it was read: in UTF-8 where it was in UTF-16, without a byte order mark.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where in the text each line starts. What is between it and the next, folds and blank
    /// lines, belongs to it.
    pub fn starts(&self) -> Vec<usize> {
        let line_end = line_end(&self.text);
        let mut starts = Vec::with_capacity(self.lines.len());
        let (mut number, mut at) = (1, 0);
        for line in &self.lines {
            while number < line.number {
                let rest = self.text.get(at..).unwrap_or_default();
                at += memchr(line_end, rest).map_or(rest.len(), |end| end + 1);
                number += 1;
            }
            starts.push(at);
        }
        starts
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub fn line(&self, index: usize) -> Option<Line<'_>> {
        let stored = self.lines.get(index)?;
        let first = stored.first_param as usize;
        let end = match self.lines.get(index + 1) {
            Some(next) => next.first_param as usize,
            None => self.params.len(),
        };
        Some(Line {
            source: if stored.folded {
                &self.unfolded
            } else {
                &self.text
            },
            stored,
            params: self.params.get(first..end).unwrap_or_default(),
        })
    }

    pub fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        (0..self.lines.len()).filter_map(|index| self.line(index))
    }
}

impl<'c> Line<'c> {
    /// The `item1` of `item1.TEL`, or nothing.
    pub fn group(&self) -> &'c [u8] {
        self.stored.group.of(self.source)
    }

    /// Empty when this is no content line at all; [`Line::value`] is then the whole of it.
    pub fn name(&self) -> &'c [u8] {
        self.stored.name.of(self.source)
    }

    pub fn value(&self) -> &'c [u8] {
        self.stored.value.of(self.source)
    }

    /// All of it, unfolded.
    pub fn octets(&self) -> &'c [u8] {
        let starts = [self.stored.group, self.stored.name, self.stored.value];
        // An absent group or name starts at 0, and a name never stands without its value.
        let start = starts.iter().filter(|span| span.start < span.end);
        let start = start.map(|span| span.start).min();
        Span {
            start: start.unwrap_or(self.stored.value.start),
            end: self.stored.value.end,
        }
        .of(self.source)
    }

    /// The physical line that it starts on; the first is 1.
    pub fn number(&self) -> u32 {
        self.stored.number
    }

    pub fn params(&self) -> impl Iterator<Item = Param<'c>> + use<'c> {
        let source = self.source;
        self.params.iter().map(move |stored| Param {
            name: stored.name.of(source),
            value: stored.value.of(source),
        })
    }

    pub fn has_params(&self) -> bool {
        !self.params.is_empty()
    }
}

impl<'c> Param<'c> {
    /// The values, separated by commas outside of quotes, without their quotes.
    pub fn values(&self) -> impl Iterator<Item = &'c [u8]> + use<'c> {
        let mut rest = Some(self.value);
        std::iter::from_fn(move || {
            let text = rest?;
            let end = end_of_param_value(text, b",");
            rest = text.get(end + 1..);
            Some(without_quotes(text.get(..end).unwrap_or_default()))
        })
    }
}

/// Where nothing ends with LF, CR ends a line; elsewhere it is an octet like others.
pub fn line_end(text: &[u8]) -> u8 {
    match memchr(b'\n', text) {
        Some(_) => b'\n',
        None => b'\r',
    }
}

/// Undoes the caret escapes of a parameter value: `^n`, `^^`, `^'` (RFC 6868 §3.2).
pub fn undo_carets(value: &str) -> Cow<'_, str> {
    if memchr(b'^', value.as_bytes()).is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = match (character, characters.peek()) {
            ('^', Some('n')) => '\n',
            ('^', Some('^')) => '^',
            ('^', Some('\'')) => '"',
            _ => {
                plain.push(character);
                continue;
            }
        };
        characters.next();
        plain.push(escaped);
    }
    Cow::Owned(plain)
}

impl Span {
    fn of(self, source: &[u8]) -> &[u8] {
        source
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// Offsets are into texts that `ContentLines::read` has bounded to 32 bits.
fn span(start: usize, end: usize) -> Span {
    Span {
        start: u32::try_from(start).unwrap_or(u32::MAX),
        end: u32::try_from(end).unwrap_or(u32::MAX),
    }
}

struct Reader<'t> {
    text: &'t [u8],
    position: usize,
    line_end: u8,
    number: u32,
    unfolded: Vec<u8>,
    lines: Vec<StoredLine>,
    params: Vec<StoredParam>,
}

/// How a physical line goes on with the one before.
enum Continuation {
    SoftBreak,
    Indented,
    Base64,
}

impl<'t> Reader<'t> {
    fn logical_line(&mut self) {
        let text = self.text;
        let (start, end) = self.physical_line();
        let number = self.number;
        let first = text.get(start..end).unwrap_or_default();
        let mut head = HeadSearch::default();
        let Some(mut continuation) = self.continuation(first, &mut head) else {
            if !first.is_empty() {
                self.store(text, start, end, number, false);
            }
            return;
        };
        let folded_from = self.unfolded.len();
        let mut unfolded = std::mem::take(&mut self.unfolded);
        unfolded.extend_from_slice(first);
        loop {
            let (mut start, end) = self.physical_line();
            match continuation {
                Continuation::SoftBreak => {
                    unfolded.pop();
                }
                Continuation::Indented => start += 1,
                Continuation::Base64 => {}
            }
            unfolded.extend_from_slice(text.get(start..end).unwrap_or_default());
            let line = unfolded.get(folded_from..).unwrap_or_default();
            match self.continuation(line, &mut head) {
                Some(next) => continuation = next,
                None => break,
            }
        }
        self.store(&unfolded, folded_from, unfolded.len(), number, true);
        self.unfolded = unfolded;
    }

    /// How the next physical line goes on with this one, if it does.
    fn continuation(&self, line: &[u8], head: &mut HeadSearch) -> Option<Continuation> {
        let next = self.text.get(self.position)?;
        if line.ends_with(b"=") && head.encoding(line) == Some(TransferEncoding::QuotedPrintable) {
            return Some(Continuation::SoftBreak);
        }
        if matches!(next, b' ' | b'\t') {
            return Some(Continuation::Indented);
        }
        let is_base64 =
            self.base64_goes_on(line) && head.encoding(line) == Some(TransferEncoding::Base64);
        is_base64.then_some(Continuation::Base64)
    }

    /// Whether the next physical line is base64 that may go on with this one. vCard 2.1 lets
    /// it go on without indentation, up to a blank line; where that is left out, too, the
    /// next property has a colon, which base64 has not.
    fn base64_goes_on(&self, line: &[u8]) -> bool {
        let rest = self.text.get(self.position..).unwrap_or_default();
        // Nothing but padding follows padding.
        let is_padded = line.ends_with(b"=");
        let is_digit = |octet: &u8| match octet {
            b'=' => true,
            b'+' | b'/' => !is_padded,
            octet => octet.is_ascii_alphanumeric() && !is_padded,
        };
        let digits = rest.iter().take_while(|octet| is_digit(octet)).count();
        let mut behind = rest.iter().skip(digits);
        let end =
            behind.find(|octet| **octet == self.line_end || !matches!(octet, b' ' | b'\t' | b'\r'));
        digits > 0 && end.is_none_or(|octet| *octet == self.line_end)
    }

    /// Steps over one physical line and says where it is, without its line end.
    fn physical_line(&mut self) -> (usize, usize) {
        let start = self.position;
        let rest = self.text.get(start..).unwrap_or_default();
        let length = memchr(self.line_end, rest).unwrap_or(rest.len());
        self.position = start + length + 1;
        self.number = self.number.saturating_add(1);
        let mut end = start + length;
        while end > start && self.text.get(end - 1) == Some(&b'\r') {
            end -= 1;
        }
        (start, end)
    }

    fn store(&mut self, source: &[u8], start: usize, end: usize, number: u32, folded: bool) {
        let first_param = self.params.len();
        let head = self
            .head(source, start, end, true)
            // A quote that closes only in the value was no quote.
            .or_else(|| {
                self.params.truncate(first_param);
                self.head(source, start, end, false)
            });
        if head.is_none() {
            self.params.truncate(first_param);
        }
        let (group, name, value) = match head {
            Some((group, name, value_start)) => (group, name, span(value_start, end)),
            None => (Span::default(), Span::default(), span(start, end)),
        };
        self.lines.push(StoredLine {
            number,
            folded,
            group,
            name,
            value,
            first_param: u32::try_from(first_param).unwrap_or(u32::MAX),
        });
    }

    /// Reads group, name and parameters, and says where the value starts.
    fn head(
        &mut self,
        source: &[u8],
        start: usize,
        end: usize,
        quotes: bool,
    ) -> Option<(Span, Span, usize)> {
        let line = source.get(start..end)?;
        let mut at = memchr2(b';', b':', line)?;
        let (group, name) = group_and_name(line.get(..at)?, start)?;
        while line.get(at) == Some(&b';') {
            let from = at + 1;
            at = from + memchr3(b'=', b';', b':', line.get(from..)?)?;
            let mut param = StoredParam {
                name: Span::default(),
                value: span(start + from, start + at),
            };
            if line.get(at) == Some(&b'=') {
                let value_from = at + 1;
                let rest = line.get(value_from..)?;
                at = value_from
                    + match quotes {
                        true => end_of_param_value(rest, b";:"),
                        false => memchr2(b';', b':', rest)?,
                    };
                param.name = trimmed(line, from, value_from - 1, start);
                param.value = trimmed(line, value_from, at, start);
            }
            if param.value.start < param.value.end || param.name.start < param.name.end {
                self.params.push(param);
            }
        }
        (line.get(at) == Some(&b':')).then_some((group, name, start + at + 1))
    }
}

fn group_and_name(head: &[u8], offset: usize) -> Option<(Span, Span)> {
    let dot = memrchr(b'.', head);
    let name_from = dot.map_or(0, |dot| dot + 1);
    let name = trimmed(head, name_from, head.len(), offset);
    let group = trimmed(head, 0, dot.unwrap_or(0), offset);
    let octets = head.get(name.start as usize - offset..name.end as usize - offset)?;
    let valid = !octets.is_empty()
        && octets
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'));
    valid.then_some((group, name))
}

/// The span of `line[from..to]` without blanks around it, moved by `offset`.
fn trimmed(line: &[u8], mut from: usize, mut to: usize, offset: usize) -> Span {
    let blank = |at: usize| matches!(line.get(at), Some(b' ' | b'\t'));
    while from < to && blank(from) {
        from += 1;
    }
    while from < to && blank(to - 1) {
        to -= 1;
    }
    span(offset + from, offset + to)
}

/// Where a parameter value ends: at the first of `stops` outside of quotes.
fn end_of_param_value(text: &[u8], stops: &[u8]) -> usize {
    let mut quoted = false;
    for (at, octet) in text.iter().enumerate() {
        if *octet == b'"' {
            // Without its partner it is an octet like others; each search without success
            // goes to the end and is the last.
            quoted = match quoted {
                true => false,
                false => memchr(b'"', text.get(at + 1..).unwrap_or_default()).is_some(),
            };
        } else if !quoted && stops.contains(octet) {
            return at;
        }
    }
    text.len()
}

pub(super) fn without_quotes(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}
