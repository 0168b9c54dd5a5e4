//! Text searches: what a client types, and whether a text has it (RFC 9610 §3.3.1).
//!
//! Letters match whatever their case, and however Unicode writes them: composed or not, in
//! full width or as a ligature. A word outside quotes may occur anywhere, also within a
//! longer one; a phrase in quotes occurs as those words exactly.

use memchr::memmem::Finder;
use std::sync::OnceLock;
use unicode_normalization::char::decompose_compatible;

/// The words and phrases of a search; all must occur.
#[derive(Debug)]
pub struct Words(Vec<Word>);

#[derive(Debug)]
struct Word {
    folded: Finder<'static>,
    is_phrase: bool,
    clue: Clue,
    /// The pieces that a [`plain_text`](crate::store::Record::plain_text) must have.
    plain_clue: Clue,
}

/// Pieces of a text that all stand in the folded JSON of every record that has the text.
///
/// They may stand there by chance, too. What JSON escapes divides them.
#[derive(Debug)]
pub struct Clue(Vec<Finder<'static>>);

/// More words than anybody types.
const MAX_WORDS: usize = 64;

impl Words {
    /// Reads what a client asks for. `None` when there are too many words.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let (word, after) = match phrase(rest) {
                Some((phrase, after)) => (Word::new(&phrase, true), after),
                None => {
                    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                    let (word, after) = rest.split_at(end.max(first.len_utf8()));
                    (Word::new(word, false), after)
                }
            };
            words.extend(word);
            if words.len() > MAX_WORDS {
                return None;
            }
            rest = after.trim_start();
        }
        Some(Self(words))
    }

    /// Whether each word occurs in at least one of the texts that `visit_texts` visits.
    pub fn occur(
        &self,
        folded: &mut String,
        visit_texts: impl FnOnce(&mut dyn FnMut(&str)),
    ) -> bool {
        // One bit a word; MAX_WORDS fit.
        let mut missing = self
            .0
            .iter()
            .enumerate()
            .fold(0_u64, |bits, (at, _)| bits | 1 << at);
        visit_texts(&mut |text| {
            if missing == 0 {
                return;
            }
            folded.clear();
            fold_text(text, folded);
            for (at, word) in self.0.iter().enumerate() {
                if missing & 1 << at != 0 && word.occurs_in(folded) {
                    missing &= !(1 << at);
                }
            }
        });
        missing == 0
    }

    /// Whether a record with this folded [`plain_text`](crate::store::Record::plain_text) may
    /// have all the words.
    pub fn may_occur_plainly(&self, folded_text: &str) -> bool {
        self.0
            .iter()
            .all(|word| word.plain_clue.may_occur(folded_text))
    }

    /// Whether a record with this folded JSON may have all the words.
    pub fn may_occur(&self, folded_json: &str) -> bool {
        self.0.iter().all(|word| word.clue.may_occur(folded_json))
    }
}

impl Word {
    fn new(text: &str, is_phrase: bool) -> Option<Self> {
        let mut folded = String::new();
        fold_text(text, &mut folded);
        let folded = folded.trim();
        (!folded.is_empty()).then(|| Self {
            folded: Finder::new(folded).into_owned(),
            is_phrase,
            clue: Clue::of_folded(folded),
            plain_clue: Clue::of_runs(folded),
        })
    }

    fn occurs_in(&self, folded: &str) -> bool {
        if !self.is_phrase {
            return self.folded.find(folded.as_bytes()).is_some();
        }
        let needle = self.folded.needle().len();
        self.folded
            .find_iter(folded.as_bytes())
            .any(|start| is_boundary(folded, start) && is_boundary(folded, start + needle))
    }
}

impl Clue {
    pub fn new(text: &str) -> Self {
        let mut folded = String::new();
        fold_text(text, &mut folded);
        Self::of_folded(&folded)
    }

    /// The runs of letters and those of digits in a word.
    fn of_runs(folded: &str) -> Self {
        let letters = folded.split(|c: char| !c.is_alphabetic());
        let digits = folded.split(|c: char| !c.is_ascii_digit());
        let runs = letters.chain(digits).filter(|run| !run.is_empty());
        Self(runs.map(|run| Finder::new(run).into_owned()).collect())
    }

    pub fn may_occur(&self, folded_json: &str) -> bool {
        self.0
            .iter()
            .all(|piece| piece.find(folded_json.as_bytes()).is_some())
    }

    fn of_folded(folded: &str) -> Self {
        let is_escaped = |c: char| c.is_control() || c.is_whitespace() || c == '"' || c == '\\';
        let pieces = folded.split(is_escaped).filter(|piece| !piece.is_empty());
        let finder = |piece| Finder::new(piece).into_owned();
        Self(pieces.map(finder).collect())
    }
}

/// The phrase that the text begins with, unescaped, and what comes after its closing quote.
///
/// `None` where there is no pair of quotes: an apostrophe is part of its word.
fn phrase(text: &str) -> Option<(String, &str)> {
    let mut characters = text.char_indices();
    let (_, quote) = characters.next().filter(|(_, c)| matches!(c, '"' | '\''))?;
    let mut phrase = String::new();
    while let Some((_, character)) = characters.next() {
        if character == quote {
            return Some((phrase, characters.as_str()));
        }
        let escaped = characters.as_str().chars().next();
        match escaped.filter(|c| character == '\\' && matches!(c, '"' | '\'' | '\\')) {
            Some(escaped) => {
                phrase.push(escaped);
                characters.next();
            }
            None => phrase.push(character),
        }
    }
    None
}

/// Whether no word goes on across this place of the text.
fn is_boundary(text: &str, at: usize) -> bool {
    let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else {
        return false;
    };
    let joins = |c: char| c.is_alphanumeric();
    !(before.chars().next_back().is_some_and(joins) && after.chars().next().is_some_and(joins))
}

/// Folds a text and makes one space of every white space in it.
fn fold_text(text: &str, out: &mut String) {
    let mut plain = String::with_capacity(text.len());
    fold(text, &mut plain);
    for (at, word) in plain.split_whitespace().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// Appends the text with the differences taken out that a search overlooks.
///
/// Each character is folded on its own, so that whatever is part of a text is, folded, part
/// of the folded text.
pub fn fold(text: &str, out: &mut String) {
    let mut rest = text;
    loop {
        let (ascii, other) = rest.split_at(ascii_length(rest.as_bytes()));
        push_lowercase(ascii, out);
        let mut characters = other.chars();
        let Some(character) = characters.next() else {
            return;
        };
        match latin().get(character as usize) {
            Some(folded) => out.push_str(folded),
            None => fold_character(character, out),
        }
        rest = characters.as_str();
    }
}

fn fold_character(character: char, out: &mut String) {
    decompose_compatible(character, |part| {
        out.extend(part.to_uppercase().flat_map(char::to_lowercase));
    });
}

/// The folded characters of the Latin script by their code points, because looking them up
/// in the tables of Unicode costs more than all the rest of a search.
fn latin() -> &'static [String] {
    static LATIN: OnceLock<Vec<String>> = OnceLock::new();
    LATIN.get_or_init(|| {
        ('\0'..'\u{250}')
            .map(|character| {
                let mut folded = String::new();
                fold_character(character, &mut folded);
                folded
            })
            .collect()
    })
}

/// How many octets there are before the first that is not ASCII. In steps, because asking
/// for many at once is what the processor does best.
fn ascii_length(text: &[u8]) -> usize {
    const STEP: usize = 64;
    let ascii = text.chunks(STEP).take_while(|chunk| chunk.is_ascii());
    let start = (ascii.count() * STEP).min(text.len());
    let rest = text.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|octet| octet.is_ascii()).count()
}

fn push_lowercase(ascii: &str, out: &mut String) {
    let start = out.len();
    out.push_str(ascii);
    if let Some(added) = out.get_mut(start..) {
        added.make_ascii_lowercase();
    }
}

#[cfg(test)]
mod tests {
    use super::{Words, fold};

    fn finds(search: &str, texts: &[&str]) -> bool {
        let words = Words::parse(search).unwrap();
        let found = words.occur(&mut String::new(), |visit| {
            texts.iter().for_each(|text| visit(text))
        });
        // What is found must never be ruled out before.
        let mut json = String::new();
        fold(&serde_json::to_string(texts).unwrap(), &mut json);
        assert!(!found || words.may_occur(&json), "{search} in {texts:?}");
        found
    }

    #[test]
    fn word_is_found_whatever_its_case_and_anywhere_in_a_word() {
        assert!(finds("doe", &["Jane DOE-Smith"]));
        assert!(finds("OE-s", &["Jane Doe-Smith"]));
        assert!(!finds("dou", &["Jane Doe"]));
    }

    #[test]
    fn word_is_found_however_unicode_writes_it() {
        for (search, text) in [
            ("STRASSE", "Hauptstraße"),
            ("hauptstraße", "HAUPTSTRASSE"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("jos\u{e9}", "Jose\u{301}"),
            ("JOSE\u{301}", "jos\u{e9}"),
            ("kelvin", "\u{212a}elvin"),
            ("office", "o\u{fb03}ce"),
            ("abc", "\u{ff21}\u{ff22}\u{ff23}"),
            ("привет", "ПРИВЕТ"),
            ("日本", "日本語"),
        ] {
            assert!(finds(search, &[text]), "{search} in {text}");
        }
    }

    #[test]
    fn words_are_found_in_different_texts_but_must_all_occur() {
        assert!(finds("jane acme", &["Jane Doe", "ACME Inc"]));
        assert!(!finds("jane globex", &["Jane Doe", "ACME Inc"]));
    }

    #[test]
    fn phrase_is_found_as_these_words_in_this_order() {
        for quote in ['"', '\''] {
            let phrase = |words: &str| format!("{quote}{words}{quote}");
            assert!(finds(&phrase("main street"), &["12 Main Street, X"]));
            assert!(finds(&phrase("main street"), &["12 Main\n  Street"]));
            assert!(!finds(&phrase("street main"), &["12 Main Street"]));
            assert!(!finds(&phrase("main"), &["Mainz", "Remain"]));
            assert!(!finds(&phrase("main street"), &["Main", "Street"]));
            assert!(finds(&phrase("@example."), &["jane@example.com"]));
        }
    }

    #[test]
    fn phrase_unescapes_quotes_and_backslashes() {
        assert!(finds(r#""say \"hi\"""#, &[r#"They say "hi"!"#]));
        assert!(finds(r"'it\'s'", &["It's me"]));
        assert!(finds(r#""a\\b""#, &[r"a\b"]));
        assert!(finds(r#""a\b""#, &[r"a\b"]));
    }

    #[test]
    fn quote_without_a_partner_is_part_of_its_word() {
        assert!(finds("o'brien", &["Pat O'Brien"]));
        assert!(finds("'tis", &["'Tis"]));
        assert!(finds(r#"5" x"#, &[r#"5" disk x"#]));
        assert!(!finds("'tis", &["tis"]));
    }

    #[test]
    fn search_for_nothing_finds_everything() {
        for search in ["", " \t\n", "\"\"", "' '"] {
            assert!(finds(search, &[]), "{search:?}");
        }
    }

    #[test]
    fn search_is_found_beside_what_json_escapes() {
        assert!(finds("\u{ff02}x", &["\u{ff02}x"]));
        assert!(finds("\"", &["a\"b"]));
        assert!(finds("a\\b", &["A\\B"]));
        assert!(finds("\u{1}", &["\u{1}"]));
    }

    #[test]
    fn search_of_very_many_words_is_refused() {
        assert!(Words::parse(&"a ".repeat(64)).is_some());
        assert!(Words::parse(&"a ".repeat(65)).is_none());
    }
}
