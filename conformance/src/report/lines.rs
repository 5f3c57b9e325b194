//! Shows bytes in lines: their offset, their hexadecimal digits, and their meaning.

use std::fmt::{Display, Write};

use crate::pickle::{Disassembly, Shown, disassemble};

/// How many bytes a line shows.
pub(super) const WIDTH: usize = 16;

/// Bytes that belong together, and their meaning.
pub(super) struct Line<'a> {
    pub(super) offset: usize,
    pub(super) bytes: &'a [u8],
    pub(super) label: String,
}

impl Line<'_> {
    /// Writes the first bytes, followed by `…` if there are more.
    pub(super) fn write(&self, text: &mut String) {
        let more = if self.bytes.len() > WIDTH { " …" } else { "" };
        let shown = &self.bytes[..self.bytes.len().min(WIDTH)];
        write_row(text, self.offset, shown, more, &self.label);
    }

    /// Writes the bytes in at most `further` lines after the first, and then the number of bytes that are left out.
    /// Returns the number of lines.
    pub(super) fn write_long(&self, text: &mut String, further: usize) -> usize {
        let first = &self.bytes[..self.bytes.len().min(WIDTH)];
        write_row(text, self.offset, first, "", &self.label);
        let mut rest = plain_lines(&self.bytes[first.len()..], self.offset + first.len());
        let mut written = 1;
        for line in rest.by_ref().take(further) {
            line.write(text);
            written += 1;
        }
        if let Some(line) = rest.next() {
            let left_out = self.offset + self.bytes.len() - line.offset;
            let _ = writeln!(text, "            … {left_out} more bytes");
            written += 1;
        }
        written
    }
}

fn write_row(text: &mut String, offset: usize, bytes: &[u8], more: &str, label: &str) {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let hex = hex.join(" ") + more;
    let width = 3 * WIDTH + 1;
    let _ = writeln!(text, "    {offset:06x}  {hex:<width$}  {label}");
}

/// Describes a header, or the bytes in its place.
pub(super) fn header_label(framing: impl Display, announced: Option<u64>) -> String {
    match announced {
        Some(1) => format!("{framing} header: 1 byte follows"),
        Some(length) => format!("{framing} header: {length} bytes follow"),
        None => format!("not a {framing} header"),
    }
}

/// Shows a pickle, with one instruction in each line. Bytes that cannot be read are labelled with the error, and bytes
/// after `STOP` are shown as plain bytes.
pub(super) fn pickle_lines(pickle: &[u8], base: usize) -> PickleLines<'_> {
    PickleLines {
        pickle,
        base,
        instructions: disassemble(pickle),
        rest: None,
    }
}

/// The lines that [`pickle_lines`] returns.
pub(super) struct PickleLines<'a> {
    pickle: &'a [u8],
    base: usize,
    instructions: Disassembly<'a>,
    rest: Option<PlainLines<'a>>,
}

impl PickleLines<'_> {
    /// Counts the remaining lines, in less time than it takes to make them.
    pub(super) fn count_rest(mut self) -> usize {
        let of = |bytes: &[u8]| bytes.len().div_ceil(WIDTH);
        if let Some(rest) = self.rest {
            return of(rest.bytes);
        }
        let mut instructions = 0;
        for step in self.instructions.by_ref() {
            match step {
                Ok(_) => instructions += 1,
                Err(error) => return instructions + of(&self.pickle[error.offset..]).max(1),
            }
        }
        instructions + of(&self.pickle[self.instructions.position()..])
    }
}

impl<'a> Iterator for PickleLines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if let Some(rest) = &mut self.rest {
            return rest.next();
        }
        match self.instructions.next() {
            Some(Ok(step)) => {
                let label = format!("{} {}", step.opcode.name(), Shown(step.argument));
                Some(Line {
                    offset: self.base + step.offset,
                    bytes: &self.pickle[step.offset..self.instructions.position()],
                    label: label.trim_end().to_owned(),
                })
            }
            Some(Err(error)) => {
                let from = error.offset.min(self.pickle.len());
                let mut rest = plain_lines(&self.pickle[from..], self.base + from);
                let first = rest.next();
                self.rest = Some(rest);
                Some(Line {
                    offset: self.base + from,
                    bytes: first.map_or(&[], |line| line.bytes),
                    label: error.reason.to_string(),
                })
            }
            None => {
                let end = self.instructions.position();
                let rest = plain_lines(&self.pickle[end..], self.base + end);
                self.rest.insert(rest).next()
            }
        }
    }
}

/// Shows bytes without structure, with their ASCII characters beside them.
pub(super) fn plain_lines(bytes: &[u8], base: usize) -> PlainLines<'_> {
    PlainLines { bytes, base }
}

/// The lines that [`plain_lines`] returns.
pub(super) struct PlainLines<'a> {
    bytes: &'a [u8],
    base: usize,
}

impl<'a> Iterator for PlainLines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let (bytes, rest) = self.bytes.split_at(self.bytes.len().min(WIDTH));
        let offset = self.base;
        (self.bytes, self.base) = (rest, offset + bytes.len());
        (!bytes.is_empty()).then(|| Line {
            offset,
            bytes,
            label: ascii(bytes),
        })
    }
}

fn ascii(bytes: &[u8]) -> String {
    let printable = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '.',
    };
    bytes.iter().map(printable).collect()
}
