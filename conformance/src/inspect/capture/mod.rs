//! Reads a capture in one of many forms, and returns the bytes of each direction.

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
    /// The form in which they were written.
    pub form: Form,
    /// One direction, or both.
    pub streams: Vec<Stream>,
    /// The order in which the bytes of both directions were sent. It is empty if the order is not known.
    pub turns: Vec<Turn>,
}

/// The bytes of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Who sent them.
    pub sender: Sender,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The number of bytes of each line with an arrow, or of each traced call. On a pipe these are the messages. It is
    /// empty if the form of the capture does not show them.
    pub pieces: Vec<usize>,
}

/// Consecutive bytes of one direction, before bytes of the other direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The index of the stream.
    pub stream: usize,
    /// The number of bytes.
    pub length: usize,
    /// The number of pieces of the stream.
    pub pieces: usize,
}

/// Who sent the bytes of a stream, as far as the form of the capture shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// Unknown: the stream is one direction, or a mixture of both.
    Unknown,
    /// The client: the first file, lines with `>`, or lines that are not indented.
    Client,
    /// The server: the second file, lines with `<`, or lines that are indented.
    Server,
    /// A traced process, which wrote the bytes.
    Traced,
    /// The peer of a traced process, which read the bytes.
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
    /// Raw bytes.
    Raw,
    /// Hexadecimal digits, with or without separators between the bytes.
    Hexadecimal,
    /// Lines that consist of an offset, hexadecimal bytes and optionally text, as written by `xxd`, `hexdump -C` and
    /// `od -A x -t x1z`, or for both directions by Wireshark.
    Dump,
    /// Python or C literals.
    Escaped,
    /// Lines that begin with `>` or `<` to show the direction.
    Arrows,
    /// The output of `strace`.
    Strace,
}

impl Form {
    /// All forms.
    pub const ALL: [Self; 6] = [
        Self::Raw,
        Self::Hexadecimal,
        Self::Dump,
        Self::Escaped,
        Self::Arrows,
        Self::Strace,
    ];

    /// The name of the form on the command line.
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
            Self::Strace => "the output of strace",
        })
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|form| form.name() == name)
            .ok_or_else(|| format!("expected one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// Why text could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CaptureError {
    /// A line does not have the form of the text.
    #[error("line {line}: {problem} (read as {form}; use --as to read it in another form)")]
    Malformed {
        /// The form in which the text was read.
        form: Form,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong in the line.
        problem: String,
    },
    /// The text has no known form.
    #[error(
        "this is neither hexadecimal, nor a dump, nor a literal; use `--as raw` for the bytes of the text itself"
    )]
    Unrecognised,
}

impl Capture {
    /// Reads the contents of a file in the given form, or in the form that is detected.
    ///
    /// # Errors
    ///
    /// Returns [`CaptureError::Malformed`] if not all lines of the text have the form of the first.
    pub fn read(input: Vec<u8>, told: Option<Form>) -> Result<Self, CaptureError> {
        let found = || match recognise(&input) {
            // A file of digits may contain messages in hex8, whose headers are digits.
            Form::Hexadecimal if frames(Framing::Hex8, &input).all(|frame| frame.is_whole()) => {
                Form::Raw
            }
            form => form,
        };
        let form = told.unwrap_or_else(found);
        Self::read_as(input, form)
    }

    /// Reads text in any form except raw.
    ///
    /// # Errors
    ///
    /// Returns [`CaptureError`] if the text has no known form, or if not all of its lines have the form of the first.
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

    /// Creates a capture from raw bytes.
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

    /// Combines two captures of one direction each: the client's and the server's. Returns `None` if one of them
    /// already contains both directions.
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

    /// The number of bytes of both directions.
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

/// Collects bytes in the order in which they were sent.
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

    /// Adds bytes of the only direction.
    fn push(&mut self, bytes: &[u8]) {
        self.push_from(Sender::Unknown, bytes);
        self.capture.turns.clear();
        for stream in &mut self.capture.streams {
            stream.pieces.clear();
        }
    }

    /// Adds a piece of a direction.
    fn push_from(&mut self, sender: Sender, bytes: &[u8]) {
        let stream = self.extend_from(sender, bytes);
        let Capture { streams, turns, .. } = &mut self.capture;
        streams[stream].pieces.push(bytes.len());
        if let Some(turn) = turns.last_mut() {
            turn.pieces += 1;
        }
    }

    /// Adds bytes to the previous piece.
    fn extend_piece(&mut self, sender: Sender, bytes: &[u8]) {
        let stream = self.extend_from(sender, bytes);
        if let Some(piece) = self.capture.streams[stream].pieces.last_mut() {
            *piece += bytes.len();
        }
    }

    /// Adds bytes to a direction, and returns the index of its stream.
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

/// The lines that are neither empty nor comments.
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

/// Detects the form from the first lines. Bytes without any other form are raw.
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

/// The direction of a line that begins with an arrow, and the rest of the line.
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

/// Reads lines that consist of a direction and bytes, in hexadecimal or as a literal. A line without an arrow continues
/// the previous one.
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
        let sender = sender
            .ok_or_else(|| Problem::new(number, "the first line must begin with `>` or `<`"))?;
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
