//! The text about one execution with an unexpected outcome, which is the same on the terminal and in `JUnit`.

use std::borrow::Cow;
use std::fmt::Write;

use super::results::Reported;
use super::style::{BAD, DIM, NOTE};
use super::transcript;
use crate::run::verdict::{Predicted, Row, Verdict};

/// Describes one execution with an unexpected outcome, in colours that the caller may strip.
pub fn coloured(reported: &Reported) -> String {
    let row = &reported.row;
    let mut text = String::new();
    let counterpart = row
        .counterpart
        .as_ref()
        .map_or(String::new(), |other| format!(", with {other}"));
    let heading = format!(
        "{}  {} {}, testee as {}{counterpart}",
        row.execution(),
        row.dialect,
        row.family,
        row.role
    );
    let style = if row.is_broken_should() { NOTE } else { BAD };
    let title = title(row);
    let _ = writeln!(text, "{style}{title}{style:#}  {}", visible(&heading));
    write_explanation(&mut text, reported);
    text
}

/// Like [`coloured`], but without colours.
pub fn plain(reported: &Reported) -> String {
    // Text that could be mistaken for a colour was already made visible.
    anstream::adapter::strip_str(&coloured(reported)).to_string()
}

/// The kind of the problem, in a word.
pub(super) fn title(row: &Row) -> &'static str {
    if row.is_broken_should() {
        "SHOULD"
    } else {
        "FAIL"
    }
}

fn write_explanation(text: &mut String, reported: &Reported) {
    let row = &reported.row;
    let Some(explanation) = &reported.explanation else {
        write_field(text, "message", row.message.as_deref().unwrap_or_default());
        return;
    };
    if let Some(requirement) = &explanation.requirement {
        let quoted = format!(
            "{} {}: {}",
            requirement.id, requirement.level, requirement.text
        );
        write_field(text, "requirement", &quoted);
    }
    write_field(text, "the case", &explanation.about);
    if row.verdict == Verdict::UnexpectedPass {
        write_field(text, "message", row.message.as_deref().unwrap_or_default());
    }
    if let Some(expected) = &explanation.expected {
        write_field(text, "expected", expected);
    }
    if let Some(happened) = &explanation.happened {
        write_field(text, "happened", happened);
    }
    write_field(text, "detail", &explanation.detail.join("\n"));
    if let Some(given) = &explanation.given {
        write_field(text, "given", &given.note);
        write_bytes(text, &given.shown);
    }
    if let Some(evidence) = &explanation.evidence {
        write_bytes(text, &evidence.shown);
    }
    if let Some(excerpt) = &explanation.transcript {
        write_field(text, "transcript", &transcript::render(excerpt));
    }
    if let Some(cause) = &explanation.likely_cause {
        write_field(text, "likely cause", cause);
    }
    if let Some(Predicted {
        deviation, outcome, ..
    }) = &row.prediction
        && row.verdict == Verdict::Fail
    {
        let predicts = format!("`{deviation}` predicts `{outcome}`");
        write_field(text, "deviation", &predicts);
    }
    write_field(text, "replay", &explanation.replay);
}

/// Writes a name and a text of one or more lines, or nothing if there is no text.
fn write_field(text: &mut String, name: &str, content: &str) {
    for (number, line) in content.lines().enumerate() {
        let name = if number == 0 { name } else { "" };
        let _ = writeln!(text, "    {DIM}{name:<13}{DIM:#} {}", visible(line));
    }
}

/// Writes annotated bytes, which have titles of their own.
fn write_bytes(text: &mut String, lines: &[String]) {
    for line in lines {
        let _ = writeln!(text, "    {}", visible(line));
    }
}

/// Escapes control characters, except tabs and line breaks, and the two other characters that XML forbids, so that the
/// text of a testee can neither move the cursor of a terminal nor make a file unreadable.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_hidden = |character: char| match character {
        '\t' | '\n' => false,
        '\u{fffe}' | '\u{ffff}' => true,
        _ => character.is_control(),
    };
    if !text.contains(is_hidden) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        assert_eq!(
            visible("a\0b\x1b[31mc\r\u{7f}\u{85}\u{fffe}"),
            "a\\u{0}b\\u{1b}[31mc\\r\\u{7f}\\u{85}\\u{fffe}"
        );
    }

    #[test]
    fn everything_else_stays() {
        let text = "Grüße,\n\tαβ \u{10ffff}";
        assert_eq!(visible(text), text);
    }
}
