//! Source files, and which parts of the crate they name.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file of the project.
pub struct Source {
    /// Relative to the package, such as `src/jmap/get.rs`.
    pub path: String,
    pub text: String,
}

/// A part of the crate that a line of code names.
#[derive(Debug, PartialEq, Eq)]
pub struct Mention {
    pub line: usize,
    pub part: String,
}

impl Source {
    /// Every file of these endings beneath the folders, without what is built or installed.
    pub fn beneath(folders: &[&str], endings: &[&str]) -> Vec<Self> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        for folder in folders {
            collect(&package.join(folder), &mut paths);
        }
        paths.sort();
        let mut sources = Vec::new();
        for path in paths {
            let ending = path.extension().and_then(|ending| ending.to_str());
            if ending.is_some_and(|ending| endings.contains(&ending)) {
                sources.push(Self {
                    text: fs::read_to_string(&path).unwrap(),
                    path: path
                        .strip_prefix(package)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                });
            }
        }
        sources
    }

    /// The part of the crate that the file belongs to: `jmap` for `src/jmap/get.rs`, `store`
    /// for `src/store.rs`. `None` for the crate's root and for what is not in `src`.
    pub fn part(&self) -> Option<&str> {
        let inner = self.path.strip_prefix("src/")?.strip_suffix(".rs")?;
        let part = inner.split('/').next()?;
        (part != "lib").then_some(part)
    }

    /// The parts of the crate that the code names, through `crate::` or enough `super::`.
    pub fn mentions(&self) -> Vec<Mention> {
        let code = without_literals(&without_comments(&self.text));
        let mut mentions = Vec::new();
        let mut modules = Modules::of_file(&self.path);
        let mut climbed = 0;
        let tokens = tokens(&code);
        for (place, &(line, token)) in tokens.iter().enumerate() {
            modules.follow(&tokens, place);
            let next_is_path = tokens.get(place + 1).is_some_and(|&(_, next)| next == "::");
            match token {
                "super" if next_is_path => climbed += 1,
                "::" => continue,
                _ if token != "crate" => climbed = 0,
                _ => {}
            }
            let at_root = token == "crate" || (token == "super" && climbed == modules.depth());
            if at_root && next_is_path {
                let names = first_names(&tokens, place + 2);
                mentions.extend(names.into_iter().map(|part| Mention { line, part }));
            }
        }
        mentions
    }
}

/// Replaces comments by blanks and leaves the lines where they are.
pub fn without_comments(text: &str) -> String {
    blank(text, |lexeme| matches!(lexeme, Lexeme::Comment))
}

fn without_literals(text: &str) -> String {
    blank(text, |lexeme| matches!(lexeme, Lexeme::Literal))
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !path.is_symlink() && !["target", "vendor", "data"].contains(&name) {
            collect(&path, paths);
        } else if path.is_file() {
            paths.push(path);
        }
    }
}

/// How many modules deep a place in a file is.
struct Modules {
    file_depth: usize,
    braces: usize,
    /// At how many braces each inline module began.
    inline: Vec<usize>,
}

impl Modules {
    fn of_file(path: &str) -> Self {
        let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
        let names = inner
            .split('/')
            .filter(|name| !["mod", "lib"].contains(name));
        Self {
            file_depth: names.count(),
            braces: 0,
            inline: Vec::new(),
        }
    }

    fn depth(&self) -> usize {
        self.file_depth + self.inline.len()
    }

    fn follow(&mut self, tokens: &[(usize, &str)], place: usize) {
        match tokens[place].1 {
            "{" => {
                if place >= 2 && tokens[place - 2].1 == "mod" {
                    self.inline.push(self.braces);
                }
                self.braces += 1;
            }
            "}" => {
                self.braces = self.braces.saturating_sub(1);
                if self.inline.last() == Some(&self.braces) {
                    self.inline.pop();
                }
            }
            _ => {}
        }
    }
}

/// The first name of a path, or of each path in braces: `a` and `c` of `{a::b, c::{d, e}}`.
fn first_names(tokens: &[(usize, &str)], place: usize) -> Vec<String> {
    if tokens.get(place).is_some_and(|&(_, token)| token != "{") {
        return vec![tokens[place].1.to_owned()];
    }
    let mut names = Vec::new();
    let (mut depth, mut expects_name) = (0, false);
    for &(_, token) in &tokens[place..] {
        match token {
            "{" => {
                depth += 1;
                expects_name = depth == 1;
            }
            "}" if depth == 1 => break,
            "}" => depth -= 1,
            "," => expects_name = depth == 1,
            name if expects_name => {
                names.push(name.to_owned());
                expects_name = false;
            }
            _ => {}
        }
    }
    names
}

/// Names, `::` and single signs, each with its line.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let is_name = |sign: char| sign.is_alphanumeric() || sign == '_';
    let mut tokens = Vec::new();
    for (number, mut rest) in code.lines().enumerate() {
        while let Some(first) = rest.chars().next() {
            let length = if is_name(first) {
                rest.find(|sign| !is_name(sign)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (token, after) = rest.split_at(length);
            if !first.is_whitespace() {
                tokens.push((number + 1, token));
            }
            rest = after;
        }
    }
    tokens
}

enum Lexeme {
    Comment,
    Literal,
    Code,
}

fn blank(text: &str, is_blank: impl Fn(&Lexeme) -> bool) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (lexeme, length) = lexeme(rest);
        let (part, after) = rest.split_at(length);
        if is_blank(&lexeme) {
            result.extend(
                part.chars()
                    .map(|sign| if sign == '\n' { '\n' } else { ' ' }),
            );
        } else {
            result.push_str(part);
        }
        rest = after;
    }
    result
}

/// What the text begins with, and how many octets long that is.
fn lexeme(text: &str) -> (Lexeme, usize) {
    if text.starts_with("//") {
        return (Lexeme::Comment, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (Lexeme::Comment, block_comment(text));
    }
    let raw = text.trim_start_matches(['b', 'r', 'c']);
    let prefix = &text[..text.len() - raw.len()];
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    if ["r", "br", "cr"].contains(&prefix) && raw[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let body = &raw[hashes + 1..];
        let closed = body.find(&end).map_or(body.len(), |at| at + end.len());
        return (Lexeme::Literal, prefix.len() + hashes + 1 + closed);
    }
    if text.starts_with('"') {
        return (Lexeme::Literal, quoted(text, '"'));
    }
    let mut signs = text.chars().skip(1);
    // A lifetime has no second quote just after its first sign.
    if text.starts_with('\'') && (signs.next() == Some('\\') || signs.next() == Some('\'')) {
        return (Lexeme::Literal, quoted(text, '\''));
    }
    // A whole name at once, so that its last letter is not taken for a literal's prefix.
    let name = text.find(|sign: char| !sign.is_alphanumeric() && sign != '_');
    let first = text.chars().next().map_or(0, char::len_utf8);
    (Lexeme::Code, name.unwrap_or(text.len()).max(first))
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (place, sign) in text.char_indices().skip(1) {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if sign == quote => return place + 1,
            _ => {}
        }
    }
    text.len()
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut place) = (0_usize, 0);
    while place < text.len() {
        let rest = &text.as_bytes()[place..];
        if rest.starts_with(b"/*") {
            depth += 1;
            place += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            place += 2;
            if depth == 0 {
                return place;
            }
        } else {
            place += 1;
        }
    }
    text.len()
}
