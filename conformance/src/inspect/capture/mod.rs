//! From what somebody pastes to the bytes of each direction.

mod dump;
mod escaped;
mod hexadecimal;
mod strace;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::wire::Framing;
use crate::wire::frame::frames;

/// Bytes that went over one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// How they were written.
    pub form: Form,
    /// One direction, or both.
    pub streams: Vec<Stream>,
    /// In which order the bytes of both directions went; empty when that is not known.
    pub turns: Vec<Turn>,
}

/// The bytes of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Who sent them.
    pub sender: Sender,
    /// All of them.
    pub bytes: Vec<u8>,
    /// How many bytes each line with an arrow has, or each traced call moved: on a pipe these are the messages. Empty
    /// when the form of the capture does not tell.
    pub pieces: Vec<usize>,
}

/// Bytes that followed each other in one direction, before some in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The index of the stream.
    pub stream: usize,
    /// How many bytes.
    pub length: usize,
    /// How many pieces of the stream they are.
    pub pieces: usize,
}

/// Who sent the bytes of a stream, as far as the form of the capture says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// Nothing is said: one direction, or both mixed.
    Unknown,
    /// The first file, `>`, or what is not indented.
    Client,
    /// The second file, `<`, or what is indented.
    Server,
    /// What a traced process wrote.
    Traced,
    /// What a traced process read.
    Peer,
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unknown => "unknown",
            Self::Client => "client",
            Self::Server => "server",
            Self::Traced => "traced process",
            Self::Peer => "its peer",
        })
    }
}

/// How the bytes of a capture are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As they are.
    Raw,
    /// Hexadecimal digits, with or without something between the bytes.
    Hexadecimal,
    /// Lines of an offset, hexadecimal bytes and perhaps text: `xxd`, `hexdump -C`, `od -A x -t x1z`, and both
    /// directions as Wireshark shows them.
    Dump,
    /// Literals of Python or C.
    Escaped,
    /// Lines that begin with `>` or `<`, for the direction.
    Arrows,
    /// Lines of `strace`.
    Strace,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Raw,
        Self::Hexadecimal,
        Self::Dump,
        Self::Escaped,
        Self::Arrows,
        Self::Strace,
    ];

    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Hexadecimal => "hex",
            Self::Dump => "dump",
            Self::Escaped => "escaped",
            Self::Arrows => "arrows",
            Self::Strace => "strace",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "raw bytes",
            Self::Hexadecimal => "hexadecimal",
            Self::Dump => "a dump",
            Self::Escaped => "literals",
            Self::Arrows => "lines with arrows",
            Self::Strace => "lines of strace",
        })
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|form| form.name() == name)
            .ok_or_else(|| format!("one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// Text that is not what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CaptureError {
    /// Some of it is.
    #[error("line {line}: {problem} (read as {form}; --as says how to read it)")]
    Malformed {
        /// What it was taken for.
        form: Form,
        /// Where it is not, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Its beginning is not like anything.
    #[error("neither hexadecimal, nor a dump, nor a literal; `--as raw` takes the text itself")]
    Unrecognised,
}

impl Capture {
    /// Reads what a file holds, in the form that is told, or else in the one that it is found to have.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Malformed`] when the text has the form in its first line, and not in all of them.
    pub fn read(input: Vec<u8>, told: Option<Form>) -> Result<Self, CaptureError> {
        let found = || match recognise(&input) {
            // Digits alone may be messages of hex8, of which the digits tell the length.
            Form::Hexadecimal if frames(Framing::Hex8, &input).all(|frame| frame.is_whole()) => {
                Form::Raw
            }
            form => form,
        };
        let form = told.unwrap_or_else(found);
        Self::read_as(input, form)
    }

    /// Reads text, which is in any form but raw.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] when it has none of the forms, or has it in its first line alone.
    pub fn from_text(text: &str, told: Option<Form>) -> Result<Self, CaptureError> {
        match told.unwrap_or_else(|| recognise(text.as_bytes())) {
            Form::Raw if told.is_none() && !text.is_empty() => Err(CaptureError::Unrecognised),
            form => Self::read_as(text.into(), form),
        }
    }

    fn read_as(input: Vec<u8>, form: Form) -> Result<Self, CaptureError> {
        if form == Form::Raw {
            return Ok(Self::raw(input));
        }
        let mut builder = Builder::new(form);
        let parsed = lines(&input).and_then(|lines| match form {
            Form::Raw => Ok(()),
            Form::Hexadecimal => hexadecimal::read(&lines, &mut builder),
            Form::Dump => dump::read(&lines, &mut builder),
            Form::Escaped => escaped::read(&lines, &mut builder),
            Form::Arrows => arrows(&lines, &mut builder),
            Form::Strace => strace::read(&lines, &mut builder),
        });
        parsed.map_err(|Problem { line, text }| CaptureError::Malformed {
            form,
            line,
            problem: text,
        })?;
        Ok(builder.capture)
    }

    /// Bytes of which nothing else is known.
    pub fn raw(bytes: Vec<u8>) -> Self {
        let sender = Sender::Unknown;
        Self {
            form: Form::Raw,
            streams: vec![Stream {
                sender,
                bytes,
                pieces: Vec::new(),
            }],
            turns: Vec::new(),
        }
    }

    /// Two captures of one direction each: the client's and the server's. `None` when one of them has both
    /// directions already.
    pub fn pair(client: Self, server: Self) -> Option<Self> {
        let form = client.form;
        let mut streams = Vec::new();
        for (capture, sender) in [(client, Sender::Client), (server, Sender::Server)] {
            let Ok([stream]) = <[Stream; 1]>::try_from(capture.streams) else {
                return None;
            };
            streams.push(Stream { sender, ..stream });
        }
        Some(Self {
            form,
            streams,
            turns: Vec::new(),
        })
    }

    /// How many bytes there are in all.
    pub fn length(&self) -> usize {
        self.streams.iter().map(|stream| stream.bytes.len()).sum()
    }
}

/// One line of text, with its number.
type Line<'a> = (usize, &'a str);

/// What is wrong in a line.
struct Problem {
    line: usize,
    text: String,
}

impl Problem {
    fn new(line: usize, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { line, text }
    }
}

/// Collects bytes in the order in which they went.
struct Builder {
    capture: Capture,
}

impl Builder {
    fn new(form: Form) -> Self {
        Self {
            capture: Capture {
                form,
                streams: Vec::new(),
                turns: Vec::new(),
            },
        }
    }

    /// Bytes of the only direction there is.
    fn push(&mut self, bytes: &[u8]) {
        self.push_from(Sender::Unknown, bytes);
        self.capture.turns.clear();
        for stream in &mut self.capture.streams {
            stream.pieces.clear();
        }
    }

    /// One piece of a direction.
    fn push_from(&mut self, sender: Sender, bytes: &[u8]) {
        let stream = self.extend_from(sender, bytes);
        let Capture { streams, turns, .. } = &mut self.capture;
        streams[stream].pieces.push(bytes.len());
        if let Some(turn) = turns.last_mut() {
            turn.pieces += 1;
        }
    }

    /// More of the piece before.
    fn extend_piece(&mut self, sender: Sender, bytes: &[u8]) {
        let stream = self.extend_from(sender, bytes);
        if let Some(piece) = self.capture.streams[stream].pieces.last_mut() {
            *piece += bytes.len();
        }
    }

    /// Returns the index of the direction.
    fn extend_from(&mut self, sender: Sender, bytes: &[u8]) -> usize {
        let Capture { streams, turns, .. } = &mut self.capture;
        let known = streams.iter().position(|stream| stream.sender == sender);
        let stream = known.unwrap_or_else(|| {
            streams.push(Stream {
                sender,
                bytes: Vec::new(),
                pieces: Vec::new(),
            });
            streams.len() - 1
        });
        streams[stream].bytes.extend_from_slice(bytes);
        match turns.last_mut() {
            Some(turn) if turn.stream == stream => turn.length += bytes.len(),
            _ => turns.push(Turn {
                stream,
                length: bytes.len(),
                pieces: 0,
            }),
        }
        stream
    }

    fn bytes_from(&self, sender: Sender) -> &[u8] {
        let mut streams = self.capture.streams.iter();
        streams
            .find(|stream| stream.sender == sender)
            .map_or(&[], |stream| &stream.bytes)
    }
}

/// Lines that say something: neither empty nor comments.
fn lines(input: &[u8]) -> Result<Vec<Line<'_>>, Problem> {
    let text = str::from_utf8(input).map_err(|error| {
        let before = &input[..error.valid_up_to()];
        let line = before.split(|&byte| byte == b'\n').count();
        Problem::new(line, "this is not text")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    Ok(numbered
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .collect())
}

/// The form that the first lines have. What is none of the others is raw.
fn recognise(input: &[u8]) -> Form {
    let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    if input.iter().any(is_control) {
        return Form::Raw;
    }
    let Ok(lines) = lines(input) else {
        return Form::Raw;
    };
    let Some(&(_, first)) = lines.first() else {
        return Form::Raw;
    };
    if arrow(first).is_some() {
        Form::Arrows
    } else if dump::looks_like(&lines) {
        Form::Dump
    } else if strace::looks_like(&lines) {
        Form::Strace
    } else if escaped::looks_like(first) {
        Form::Escaped
    } else if hexadecimal::looks_like(&lines) {
        Form::Hexadecimal
    } else {
        Form::Raw
    }
}

/// The direction that a line begins with, and the rest of it.
fn arrow(line: &str) -> Option<(Sender, &str)> {
    let line = line.trim();
    [
        ("->", Sender::Client),
        (">", Sender::Client),
        ("<-", Sender::Server),
        ("<", Sender::Server),
    ]
    .into_iter()
    .find_map(|(arrow, sender)| Some((sender, line.strip_prefix(arrow)?.trim())))
}

/// Each line is a direction and bytes, hexadecimal or as a literal. A line without an arrow continues the one before.
fn arrows(lines: &[Line<'_>], builder: &mut Builder) -> Result<(), Problem> {
    let mut sender = None;
    for &(number, line) in lines {
        let (rest, begins) = match arrow(line) {
            Some((from, rest)) => {
                sender = Some(from);
                (rest, true)
            }
            None => (line.trim(), false),
        };
        let sender = sender.ok_or_else(|| {
            Problem::new(
                number,
                "the first line begins neither with `>` nor with `<`",
            )
        })?;
        if rest.is_empty() {
            builder.push_from(sender, &[]);
            continue;
        }
        let line = [(number, rest)];
        let mut part = Builder::new(Form::Arrows);
        if escaped::looks_like(rest) {
            escaped::read(&line, &mut part)?;
        } else {
            hexadecimal::read(&line, &mut part)?;
        }
        let bytes = part.bytes_from(Sender::Unknown);
        if begins {
            builder.push_from(sender, bytes);
        } else {
            builder.extend_piece(sender, bytes);
        }
    }
    Ok(())
}
