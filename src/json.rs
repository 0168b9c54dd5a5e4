//! Writes JSON text without a tree in between.
//!
//! Whoever writes is trusted to nest rightly; the writer only places the commas. The text
//! is always UTF-8, because strings come in as `&str`.

/// JSON text under construction, in memory.
#[derive(Debug, Default)]
pub struct Writer {
    text: Vec<u8>,
    /// A value has just ended here, so the next key or value needs a comma first.
    comma_due: bool,
}

/// A place in the text to come back to with [`Writer::rewind`].
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    octets: usize,
    comma_due: bool,
}

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn begin_object(&mut self) {
        self.open(b'{');
    }

    pub fn end_object(&mut self) {
        self.close(b'}');
    }

    pub fn begin_array(&mut self) {
        self.open(b'[');
    }

    pub fn end_array(&mut self) {
        self.close(b']');
    }

    /// The name of the object member whose value is written next.
    pub fn key(&mut self, name: &str) {
        self.separate();
        self.escape(name);
        self.text.push(b':');
        self.comma_due = false;
    }

    pub fn string(&mut self, value: &str) {
        self.separate();
        self.escape(value);
        self.comma_due = true;
    }

    /// Begins a string that comes in parts; [`Writer::end_string`] ends it.
    pub fn begin_string(&mut self) {
        self.separate();
        self.text.push(b'"');
    }

    pub fn part_of_string(&mut self, part: &str) {
        let mut rest = part.as_bytes();
        let is_special = |octet: &u8| *octet < 0x20 || *octet == b'"' || *octet == b'\\';
        while let Some(at) = rest.iter().position(is_special) {
            let (plain, special) = rest.split_at(at);
            self.text.extend_from_slice(plain);
            let Some((octet, after)) = special.split_first() else {
                break;
            };
            match octet {
                b'"' => self.text.extend_from_slice(b"\\\""),
                b'\\' => self.text.extend_from_slice(b"\\\\"),
                b'\n' => self.text.extend_from_slice(b"\\n"),
                b'\r' => self.text.extend_from_slice(b"\\r"),
                b'\t' => self.text.extend_from_slice(b"\\t"),
                octet => self
                    .text
                    .extend_from_slice(format!("\\u{octet:04x}").as_bytes()),
            }
            rest = after;
        }
        self.text.extend_from_slice(rest);
    }

    pub fn end_string(&mut self) {
        self.text.push(b'"');
        self.comma_due = true;
    }

    pub fn boolean(&mut self, value: bool) {
        self.raw(if value { b"true" } else { b"false" });
    }

    pub fn unsigned(&mut self, value: u64) {
        self.serialize(&value);
    }

    pub fn null(&mut self) {
        self.raw(b"null");
    }

    /// A whole value that has a `Serialize` of its own, such as a `serde_json::Value`.
    pub fn serialize(&mut self, value: &impl serde::Serialize) {
        self.separate();
        // Writing to memory does not fail, and our values have only string keys.
        if serde_json::to_writer(&mut self.text, value).is_err() {
            self.text.extend_from_slice(b"null");
        }
        self.comma_due = true;
    }

    /// A whole value that is JSON text already.
    pub fn raw(&mut self, value: &[u8]) {
        self.separate();
        self.text.extend_from_slice(value);
        self.comma_due = true;
    }

    /// A member with a string value: the commonest of all.
    pub fn member(&mut self, name: &str, value: &str) {
        self.key(name);
        self.string(value);
    }

    /// What has been written since the last [`Writer::take`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    pub fn mark(&self) -> Mark {
        Mark {
            octets: self.text.len(),
            comma_due: self.comma_due,
        }
    }

    /// The one value written since `mark`, which must not be older than the last `take`.
    pub fn value_since(&self, mark: Mark) -> &[u8] {
        let value = self.text.get(mark.octets..).unwrap_or_default();
        value.strip_prefix(b",").unwrap_or(value)
    }

    /// Forgets everything written since `mark`, which must not be older than the last `take`.
    pub fn rewind(&mut self, mark: Mark) {
        self.text.truncate(mark.octets);
        self.comma_due = mark.comma_due;
    }

    /// Hands over the text so far and goes on at the same place of the structure.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text)
    }

    /// Forgets the text and keeps its memory: ready for an unrelated value.
    pub fn clear(&mut self) {
        self.text.clear();
        self.comma_due = false;
    }

    /// Drops the text, which has been passed on, and goes on at the same place.
    pub fn drain(&mut self) {
        self.text.clear();
    }

    fn open(&mut self, bracket: u8) {
        self.separate();
        self.text.push(bracket);
        self.comma_due = false;
    }

    fn close(&mut self, bracket: u8) {
        self.text.push(bracket);
        self.comma_due = true;
    }

    fn separate(&mut self) {
        if self.comma_due {
            self.text.push(b',');
        }
    }

    fn escape(&mut self, value: &str) {
        // Nearly all strings need no escape, and to look costs less than to look things up.
        let special = |octet: &u8| *octet < 0x20 || *octet == b'"' || *octet == b'\\';
        let is_plain = !value
            .as_bytes()
            .iter()
            .fold(false, |found, octet| found | special(octet));
        if is_plain {
            self.text.reserve(value.len() + 3);
            self.text.push(b'"');
            self.text.extend_from_slice(value.as_bytes());
            self.text.push(b'"');
            return;
        }
        // Writing a string to memory does not fail.
        let _ = serde_json::to_writer(&mut self.text, value);
    }
}

#[cfg(test)]
mod tests {
    use super::Writer;

    #[test]
    fn writer_places_commas_between_members_and_values() {
        let mut out = Writer::new();
        out.begin_object();
        out.member("a", "x\"\n");
        out.key("b");
        out.begin_array();
        out.boolean(true);
        out.null();
        out.unsigned(7);
        out.end_array();
        out.key("c");
        out.begin_object();
        out.end_object();
        out.end_object();
        assert_eq!(
            String::from_utf8_lossy(out.as_bytes()),
            r#"{"a":"x\"\n","b":[true,null,7],"c":{}}"#
        );
    }

    #[test]
    fn writer_escapes_a_string_that_comes_in_parts() {
        let text: String = ('\0'..='\u{80}').chain("é😀\u{2028}".chars()).collect();
        let mut out = Writer::new();
        out.begin_array();
        out.begin_string();
        for part in text.split_inclusive(['"', 'a', '\n']) {
            out.part_of_string(part);
        }
        out.end_string();
        out.null();
        out.end_array();
        let value: serde_json::Value = serde_json::from_slice(out.as_bytes()).expect("JSON");
        assert_eq!(value, serde_json::json!([text, null]));
    }

    #[test]
    fn writer_rewind_undoes_an_empty_member() {
        let mut out = Writer::new();
        out.begin_object();
        out.member("a", "1");
        let mark = out.mark();
        out.key("b");
        out.begin_object();
        out.rewind(mark);
        out.member("c", "2");
        out.end_object();
        assert_eq!(
            String::from_utf8_lossy(out.as_bytes()),
            r#"{"a":"1","c":"2"}"#
        );
    }
}
