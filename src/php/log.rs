//! The log of one request: kept in memory, then handed to PHP's own log in one go.
//!
//! A line is written while a host's data is being read and PHP must not be called; so lines
//! wait here until the extension's entry point returns.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::cell::RefCell;

/// More lines than this in one request only say the same again.
const MAX_LINES: usize = 64;
const MAX_LINE_OCTETS: usize = 1024;

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Buffer;

/// Makes `log`'s macros write here. To be called when the module starts.
pub fn install() {
    // PHP may start a module twice in a process; the second time nothing is left to do.
    if log::set_logger(&Buffer).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

/// The lines that have come together, oldest first; they are forgotten here.
pub fn take() -> Vec<String> {
    LINES.with_borrow_mut(std::mem::take)
}

impl Log for Buffer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level = record.level().as_str().to_ascii_lowercase();
        let line = format!(
            "openxport: {level}: {}",
            one_line(&record.args().to_string())
        );
        LINES.with_borrow_mut(|lines| {
            if lines.len() < MAX_LINES {
                lines.push(line);
            }
        });
    }

    fn flush(&self) {}
}

/// The text with whatever could forge a line or steer a terminal escaped, cut to a bearable
/// length.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for character in text.chars() {
        if line.len() >= MAX_LINE_OCTETS {
            line.push('…');
            break;
        }
        // The line and paragraph separators and the marks that turn the direction of text
        // are no control characters.
        let steers = matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || steers {
            line.extend(character.escape_unicode());
        } else {
            line.push(character);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_line_escapes_what_could_forge_another() {
        assert_eq!(
            one_line("a\r\nb\x1b[31mc\u{85}\u{202e}ü"),
            "a\\u{d}\\u{a}b\\u{1b}[31mc\\u{85}\\u{202e}ü"
        );
    }

    #[test]
    fn log_line_is_cut_when_it_is_long() {
        let line = one_line(&"x".repeat(1_000_000));
        assert_eq!(line.len(), MAX_LINE_OCTETS + '…'.len_utf8());
    }

    #[test]
    fn log_keeps_no_more_lines_than_are_worth_reading() {
        let record = |number: usize| {
            Buffer.log(
                &Record::builder()
                    .level(Level::Error)
                    .args(format_args!("line {number}"))
                    .build(),
            );
        };
        take();
        (0..1000).for_each(record);
        let lines = take();
        assert_eq!(lines.len(), MAX_LINES);
        assert_eq!(lines[0], "openxport: error: line 0");
        assert!(take().is_empty());
    }
}
