//! Dumps: lines that consist of an offset, bytes and optionally text.
//!
//! `xxd` puts a colon after the offset and two blanks before the text. `hexdump -C` puts the text between `|`, `od -A x
//! -t x1z` between `>` and `<`; both end with a line that contains only an offset, and both write `*` for lines that
//! repeat the previous one. Wireshark's "Follow TCP Stream" gives the bytes 49 columns (`follow_stream_dialog.cpp`,
//! `SHOW_HEXDUMP`; later versions put two more blanks after them), counts the offsets of each direction separately, and
//! indents the bytes of the server. `tshark -z follow,tcp,hex` indents by a tab and writes some lines before and after
//! them.

use super::{Builder, Line, Problem, Sender};

/// The width of the bytes, in a line that does not mark their end.
const COLUMNS: usize = 49;
/// The greatest length of a direction, in bytes, up to which `*` is expanded.
const LONGEST_REPETITION: usize = 64 << 20;

/// A parsed line.
struct Row<'a> {
    indented: bool,
    offset: &'a str,
    /// Whether a colon follows the offset, as in the output of `xxd`, which also groups bytes without blanks.
    colon: bool,
    /// The bytes, which are empty in a line that contains only an offset.
    bytes: &'a str,
}

/// Whether the first line, except for those that tshark adds, consists of an offset and bytes.
pub(super) fn looks_like(lines: &[Line<'_>]) -> bool {
    let first = lines.iter().find(|(_, line)| !is_frame(line));
    first.and_then(|(_, line)| row(line)).is_some_and(|row| {
        // Dumps of larger words are recognised as well, so that the error can say which command to use.
        let mut words = row.bytes.split_ascii_whitespace();
        let is_dump = row.colon || row.offset.len() == 7 || words.all(|word| word.len() == 2);
        is_dump && !row.bytes.is_empty() && row.offset.bytes().all(|digit| digit == b'0')
    })
}

/// Whether tshark writes this line before or after a dump.
fn is_frame(line: &str) -> bool {
    ["=====", "Follow:", "Filter:", "Node "]
        .iter()
        .any(|start| line.starts_with(start))
}

fn row(line: &str) -> Option<Row<'_>> {
    let trimmed = line.trim_start();
    let digits = trimmed.bytes().take_while(u8::is_ascii_hexdigit).count();
    let (offset, rest) = trimmed.split_at(digits);
    if !(4..=16).contains(&digits) {
        return None;
    }
    let colon = rest.strip_prefix(':');
    let bytes = if let Some(rest) = colon {
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        rest.split("  ").next().unwrap_or_default()
    } else if rest.trim().is_empty() {
        ""
    } else if rest.starts_with([' ', '\t']) {
        let rest = rest.trim_start();
        let marked = rest.find("  |").or_else(|| rest.find("  >"));
        let end = marked.unwrap_or(COLUMNS).min(rest.len());
        rest.get(..end).unwrap_or(rest)
    } else {
        return None;
    };
    Some(Row {
        indented: trimmed.len() < line.len(),
        offset,
        colon: colon.is_some(),
        bytes: bytes.trim(),
    })
}

pub(super) fn read(lines: &[Line<'_>], builder: &mut Builder) -> Result<(), Problem> {
    let both = both_directions(lines);
    let mut offsets = Offsets::default();
    let mut last: Vec<u8> = Vec::new();
    let mut repeated = false;
    for &(number, line) in lines.iter().filter(|(_, line)| !is_frame(line)) {
        if line.trim() == "*" {
            repeated = true;
            continue;
        }
        let problem = |text: String| Problem::new(number, text);
        let row =
            row(line).ok_or_else(|| problem("expected an offset followed by bytes".into()))?;
        let sender = match (both, row.indented) {
            (false, _) => Sender::Unknown,
            (true, false) => Sender::Client,
            (true, true) => Sender::Server,
        };
        let so_far = builder.bytes_from(sender).len();
        let at = offsets.read(row.offset, so_far);
        if repeated {
            let missing = at
                .filter(|&at| at > so_far && at <= LONGEST_REPETITION && !last.is_empty())
                .ok_or_else(|| {
                    problem("the `*` before this line stands for no bytes, or for too many".into())
                })?
                - so_far;
            let repetition: Vec<u8> = last.iter().copied().cycle().take(missing).collect();
            builder.push_from(sender, &repetition);
            repeated = false;
        } else if at != Some(so_far) {
            return Err(problem(format!(
                "the offset {} does not follow {so_far} bytes: lines are missing",
                row.offset
            )));
        }
        if row.bytes.is_empty() {
            continue;
        }
        last = row.decode().map_err(problem)?;
        builder.push_from(sender, &last);
    }
    if let (true, Some(&(number, _))) = (repeated, lines.last()) {
        let text = "an offset must follow the `*`, to show how many lines it stands for".to_owned();
        return Err(Problem::new(number, text));
    }
    if !both {
        builder.capture.turns.clear();
    }
    Ok(())
}

/// Whether some lines are indented and others are not, which shows that the dump contains both directions.
fn both_directions(lines: &[Line<'_>]) -> bool {
    let mut indented = lines
        .iter()
        .filter(|(_, line)| !is_frame(line) && line.trim() != "*")
        .map(|(_, line)| line.starts_with([' ', '\t']));
    indented
        .next()
        .is_some_and(|first| indented.any(|other| other != first))
}

impl Row<'_> {
    fn decode(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        for word in self.bytes.split_ascii_whitespace() {
            if word.len() != 2 && !self.colon {
                return Err(format!(
                    "{word:?} is not a byte: dump single bytes, with xxd, hexdump -C or od -A x -t x1z"
                ));
            }
            bytes.extend(hex::decode(word).map_err(|_| format!("{word:?} is not hexadecimal"))?);
        }
        Ok(bytes)
    }
}

/// The base of the offsets: hexadecimal, unless the second offset is octal, as in the output of `od`.
#[derive(Default)]
struct Offsets {
    base: Option<u32>,
}

impl Offsets {
    fn read(&mut self, offset: &str, expected: usize) -> Option<usize> {
        let in_base = |base| usize::from_str_radix(offset, base).ok();
        if let Some(base) = self.base {
            return in_base(base);
        }
        let base = [16, 8, 10]
            .into_iter()
            .find(|&base| in_base(base) == Some(expected));
        if expected > 0 {
            self.base = base;
        }
        in_base(base.unwrap_or(16))
    }
}
