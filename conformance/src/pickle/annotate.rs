//! Pickles in a form for people to read.

use std::fmt::{self, Display, Write};

use num_bigint::BigInt;

use super::disassemble::{Argument, Instruction, disassemble};
use super::literal;
use super::opcode::Opcode;
use crate::notation::{NotText, Quoted, Shortened, Text};

/// The number of instructions that are shown; the others are only counted.
const LINES: usize = 400;
/// The number of marks above which the indentation does not increase.
const DEEPEST_INDENT: usize = 12;
/// The number of bytes above which an integer is not converted to decimal.
const LONGEST_INTEGER: usize = 64;

/// Lists the instructions of a pickle, one per line, in the layout of `pickletools.dis`: offset, byte, name and
/// argument, indented by the marks that are open. It never fails; an error is shown as the last line.
pub fn annotate(pickle: &[u8]) -> String {
    let mut listing = String::new();
    let mut marks = Vec::new();
    let mut left_out = 0;
    let mut instructions = disassemble(pickle);
    for (line, instruction) in instructions.by_ref().enumerate() {
        match instruction {
            Ok(_) if line >= LINES => left_out += 1,
            Ok(instruction) => write_line(&mut listing, &instruction, &mut marks),
            Err(error) => {
                note_left_out(&mut listing, left_out);
                write_text(
                    &mut listing,
                    format_args!("{:>5}: {}\n", error.offset, error.reason),
                );
                return listing;
            }
        }
    }
    note_left_out(&mut listing, left_out);
    let after = pickle.len() - instructions.position();
    if after > 0 {
        let end = instructions.position();
        write_text(
            &mut listing,
            format_args!("{end:>5}: {after} bytes after STOP\n"),
        );
    }
    listing
}

fn note_left_out(listing: &mut String, count: usize) {
    if count > 0 {
        write_text(listing, format_args!("  ...: {count} more instructions\n"));
    }
}

fn write_line(listing: &mut String, instruction: &Instruction, marks: &mut Vec<usize>) {
    let Instruction {
        offset,
        opcode,
        argument,
    } = *instruction;
    let mark = if opcode.stack_effect().to_mark {
        marks.pop()
    } else {
        None
    };
    let byte = match opcode.byte() {
        printable @ b' '..=b'~' => char::from(printable).to_string(),
        other => format!("\\x{other:02x}"),
    };
    let indent = 4 * marks.len().min(DEEPEST_INDENT);
    let (name, argument) = (opcode.name(), Shown(argument));
    let mut line = format!("{offset:>5}: {byte:<4} {:indent$}{name:<10} {argument}", "");
    line.truncate(line.trim_end().len());
    if let Some(mark) = mark {
        write_text(&mut line, format_args!(" (MARK at {mark})"));
    }
    listing.push_str(&line);
    listing.push('\n');
    if opcode == Opcode::Mark {
        marks.push(offset);
    }
}

/// An argument, shortened.
pub(crate) struct Shown<'a>(pub(crate) Argument<'a>);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0 {
            Argument::None => Ok(()),
            Argument::Unsigned(value) => value.fmt(f),
            Argument::Signed(value) => value.fmt(f),
            Argument::Decimal(digits) => Shortened(&String::from_utf8_lossy(digits)).fmt(f),
            Argument::TwosComplement(bytes) if bytes.len() > LONGEST_INTEGER => {
                write!(f, "an integer of {} bytes", bytes.len())
            }
            Argument::TwosComplement(bytes) => BigInt::from_signed_bytes_le(bytes).fmt(f),
            Argument::Float(value) => write!(f, "{:?}", value.value()),
            Argument::Line(line) => write!(f, "'{}'", Shortened(line)),
            Argument::Names(module, name) => {
                write!(f, "'{} {}'", Shortened(module), Shortened(name))
            }
            Argument::Bytes(bytes) => Quoted(bytes).fmt(f),
            Argument::Quoted(content) => {
                Quoted(&literal::unescape(content).unwrap_or_default()).fmt(f)
            }
            Argument::RawUnicode(line) => write_unicode(f, literal::raw_unicode(line)),
            Argument::Text(text) => write_unicode(f, Text::from_surrogatepass(text)),
        }
    }
}

/// Writes text that has been checked.
fn write_unicode(f: &mut fmt::Formatter, text: Result<Text, NotText>) -> fmt::Result {
    match text {
        Ok(text) => write!(f, "u'{}'", Shortened(&text.escaped())),
        Err(error) => error.fmt(f),
    }
}

fn write_text(listing: &mut String, text: fmt::Arguments) {
    listing.write_fmt(text).expect("a String takes any text");
}
