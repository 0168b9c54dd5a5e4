//! The words by which Roundcube's search finds a contact: `rcube_utils::normalize_string()`.
//!
//! Where Roundcube's answer depends on how old its libraries are, there is none here.

use encoding_rs::{Encoding, ISO_8859_2, WINDOWS_1252};

/// What letters become, each the one at the same place, in texts that Latin 1 can hold or else
/// Latin 2. For Latin 1 Roundcube takes Windows' own.
const LATIN_1: [&str; 2] = [
    "äâàåáãæçéêëèïîìíñöôòøõóüûùúýÿ",
    "aaaaaaaceeeeiiiinoooooouuuuyy",
];
const LATIN_2: [&str; 2] = [
    "ąáâäćçčéęëěíîłľĺńňóôöŕřśšşťţůúűüźžżý",
    "aaaaccceeeeiilllnnooorrsssttuuuuzzzy",
];

/// Ranges of letters, ideographs and syllables that every Unicode has had for long, and
/// whose small letters depend on nothing.
const LETTERS: [(char, char); 17] = [
    ('ª', 'ª'),
    ('µ', 'µ'),
    ('º', 'º'),
    ('À', 'Ö'),
    ('Ø', 'ö'),
    ('ø', 'į'),
    ('ı', 'ɏ'),
    ('Έ', 'Ί'),
    ('Ύ', 'Ρ'),
    ('Τ', 'ώ'),
    ('Ѐ', 'ҁ'),
    ('Ҋ', 'ԯ'),
    ('ぁ', 'ゖ'),
    ('ァ', 'ヺ'),
    ('ー', 'ー'),
    ('一', '龥'),
    ('가', '힣'),
];
const NUMBERS: [(char, char); 3] = [('²', '³'), ('¹', '¹'), ('¼', '¾')];
const SIGNS: [(char, char); 9] = [
    ('¡', '©'),
    ('«', '¬'),
    ('®', '±'),
    ('´', '´'),
    ('¶', '¸'),
    ('»', '»'),
    ('¿', '¿'),
    ('‐', '‧'),
    ('€', '€'),
];

/// The text's words in small letters, separated by blanks. `None` where only Roundcube's own
/// code knows.
pub fn normalized(text: &str) -> Option<String> {
    // What MySQL's old utf8 does not hold.
    let text: String = text
        .chars()
        .map(|char| if char > '\u{ffff}' { '?' } else { char })
        .collect();
    let is_known = |char: char| match char {
        '\n' | ' '..='~' => true,
        char => is_word(char) || is_in(&SIGNS, char),
    };
    if !text.chars().all(is_known) {
        return None;
    }
    let fits = |encoding: &'static Encoding| {
        let (_, _, has_others) = encoding.encode(&text);
        !has_others
    };
    let table = match fits(WINDOWS_1252) {
        true => Some(LATIN_1),
        false => fits(ISO_8859_2).then_some(LATIN_2),
    };
    let text = without_short(&joined_digits(&separated(&text)));
    let mut words = String::with_capacity(text.len());
    for word in text.split(' ').filter(|word| !matches!(*word, "" | "0")) {
        if !words.is_empty() {
            words.push(' ');
        }
        let small = word.chars().flat_map(char::to_lowercase);
        match table {
            Some(table) => plain(small, table, &mut words),
            None => words.extend(small),
        }
    }
    Some(words)
}

/// One blank in the place of what separates words.
fn separated(text: &str) -> String {
    let mut separated = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | ' ' | ';' | ',' | '"' | '\'' | '/' | '+' | '-' => {
                if !separated.ends_with(' ') {
                    separated.push(' ');
                }
            }
            char => separated.push(char),
        }
    }
    separated
}

/// Digits with blanks and dots between them, such as those of a telephone, become one number.
/// A digit that has ended one gap begins no other.
fn joined_digits(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|char: char| char.is_ascii_digit()) {
        let (before, from) = rest.split_at(at + 1);
        joined.push_str(before);
        let behind = from.trim_start_matches(['.', ' ']);
        let digit = behind.chars().next().filter(char::is_ascii_digit);
        rest = match digit {
            Some(digit) if behind.len() < from.len() => {
                joined.push(digit);
                behind.get(1..).unwrap_or_default()
            }
            _ => from,
        };
    }
    joined.push_str(rest);
    joined
}

/// Words of one character go, with the blanks around them: so the next one stays.
fn without_short(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let word = match rest.strip_prefix(' ') {
            Some(word) => Some(word),
            None => (rest.len() == text.len()).then_some(rest),
        };
        let behind = word.and_then(|word| {
            let mut chars = word.chars();
            chars.next().filter(|char| is_word(*char))?;
            let behind = chars.as_str();
            match behind {
                "" => Some(behind),
                _ => behind.strip_prefix(' '),
            }
        });
        if let Some(behind) = behind {
            kept.push(' ');
            rest = behind;
            continue;
        }
        let mut chars = rest.chars();
        let Some(char) = chars.next() else {
            return kept;
        };
        kept.push(char);
        rest = chars.as_str();
    }
}

fn is_word(char: char) -> bool {
    match char.is_ascii() {
        true => char.is_ascii_alphanumeric() || char == '_',
        false => is_in(&LETTERS, char) || is_in(&NUMBERS, char),
    }
}

fn is_in(ranges: &[(char, char)], char: char) -> bool {
    ranges
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&char))
}

/// Letters without their marks, and some pairs of letters as one.
fn plain(word: impl Iterator<Item = char>, [marked, unmarked]: [&str; 2], out: &mut String) {
    let mut chars = word.peekable();
    while let Some(char) = chars.next() {
        let is_pair = matches!(char, 'a' | 'o' | 'u') && chars.next_if_eq(&'e').is_some();
        if is_pair || char.is_ascii() {
            out.push(char);
        } else if char == 'ß' {
            out.push_str("ss");
        } else {
            let mut pairs = marked.chars().zip(unmarked.chars());
            let found = pairs.find(|(marked, _)| *marked == char);
            out.push(found.map_or(char, |(_, unmarked)| unmarked));
        }
    }
}
