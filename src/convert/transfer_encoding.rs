//! Finds the transfer encoding that a content line names, before its parameters are read: it
//! decides where the line ends.

use super::content_line::without_quotes;
use memchr::memchr;

/// The transfer encodings whose values go on in the next line without indentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferEncoding {
    QuotedPrintable,
    Base64,
}

/// Looks for the transfer encoding in a line that still grows, at each octet once.
#[derive(Default)]
pub struct HeadSearch {
    /// So far there is no colon.
    searched: usize,
    found: Option<Option<TransferEncoding>>,
}

impl HeadSearch {
    /// The encoding that the parameters, before the first colon, name; none while there is
    /// no colon.
    pub fn encoding(&mut self, line: &[u8]) -> Option<TransferEncoding> {
        if let Some(known) = self.found {
            return known;
        }
        let Some(colon) = memchr(b':', line.get(self.searched..).unwrap_or_default()) else {
            self.searched = line.len();
            return None;
        };
        let head = line.get(..self.searched + colon).unwrap_or_default();
        let mut params = head.split(|octet| *octet == b';').skip(1);
        let found = params.find_map(named_encoding);
        *self.found.insert(found)
    }
}

/// The encoding that a parameter names: `ENCODING=b`, or the bare `BASE64` of vCard 2.1.
fn named_encoding(param: &[u8]) -> Option<TransferEncoding> {
    let equals = memchr(b'=', param);
    let (name, value) = match equals {
        Some(at) => (param.get(..at)?, param.get(at + 1..)?),
        None => (&b"ENCODING"[..], param),
    };
    let is = |word: &str| without_quotes(value.trim_ascii()).eq_ignore_ascii_case(word.as_bytes());
    if !name.trim_ascii().eq_ignore_ascii_case(b"ENCODING") {
        return None;
    }
    if is("QUOTED-PRINTABLE") {
        return Some(TransferEncoding::QuotedPrintable);
    }
    (is("BASE64") || (equals.is_some() && is("B"))).then_some(TransferEncoding::Base64)
}
