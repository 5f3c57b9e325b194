//! Reads the output of `strace -e trace=network,read,write,close` for one connection.
//!
//! The number of a descriptor is reused. A connection therefore begins where `connect` or `accept` succeeds, and ends
//! where its descriptor is closed. If the output contains none of these calls, all lines must be of one descriptor.

use super::escaped::unescape;
use super::{Builder, Line, Problem, Sender};

/// A traced call.
enum Call<'a> {
    /// The beginning of a connection.
    Begins(&'a str),
    /// The end of a descriptor.
    Closes(&'a str),
    /// Bytes that were read or written. `text` begins at their opening quote.
    Moves {
        sender: Sender,
        descriptor: &'a str,
        text: &'a str,
    },
}

pub(super) fn looks_like(lines: &[Line<'_>]) -> bool {
    let moves = |(_, line): &Line<'_>| matches!(call(line), Some(Call::Moves { .. }));
    lines.iter().any(moves)
}

/// Parses a line, if it is one of the calls above. Process ids and times may precede the name of the call.
fn call(line: &str) -> Option<Call<'_>> {
    let (before, after) = line.split_once('(')?;
    let result = || line.rsplit_once("= ").map(|(_, result)| result.trim());
    let first = after.split([',', ')']).next()?;
    let sender = match before.split_ascii_whitespace().last()? {
        "write" | "send" | "sendto" => Sender::Traced,
        "read" | "recv" | "recvfrom" => Sender::Peer,
        "connect" if result() == Some("0") => return Some(Call::Begins(first)),
        "accept" | "accept4" => {
            let accepted = result().filter(|result| result.parse::<u32>().is_ok());
            return accepted.map(Call::Begins);
        }
        "close" => return Some(Call::Closes(first)),
        _ => return None,
    };
    let (_, rest) = after.split_once(", ")?;
    Some(Call::Moves {
        sender,
        descriptor: first,
        text: rest.strip_prefix('"')?,
    })
}

pub(super) fn read(lines: &[Line<'_>], builder: &mut Builder) -> Result<(), Problem> {
    let knows_beginning = |(_, line): &Line<'_>| matches!(call(line), Some(Call::Begins(_)));
    let knows_beginning = lines.iter().any(knows_beginning);
    let mut connection = None;
    let mut is_over = false;
    for &(number, line) in lines {
        let problem = |text: String| Problem::new(number, text);
        match call(line) {
            Some(Call::Begins(_)) if is_over || connection.is_some() => {
                return Err(problem(
                    "another connection begins here: keep only the lines of one connection".into(),
                ));
            }
            Some(Call::Begins(descriptor)) => connection = Some(descriptor),
            Some(Call::Closes(descriptor)) if knows_beginning && connection == Some(descriptor) => {
                (connection, is_over) = (None, true);
            }
            Some(Call::Moves {
                sender,
                descriptor,
                text,
            }) => {
                if !knows_beginning && *connection.get_or_insert(descriptor) != descriptor {
                    let text = format!(
                        "this is another descriptor, {descriptor}: keep only the lines of one connection"
                    );
                    return Err(problem(text));
                }
                if connection == Some(descriptor) {
                    builder.push_from(sender, &moved(text).map_err(problem)?);
                }
            }
            Some(Call::Closes(_)) | None => {}
        }
        if connection.is_some() && (line.contains("<unfinished ...>") || line.contains(" resumed>"))
        {
            return Err(problem(
                "calls of several threads are mixed: trace with -ff -o FILE, and use one of the files".into(),
            ));
        }
    }
    Ok(())
}

/// The bytes that a call transferred: none if it failed, and not all of them if it was interrupted.
fn moved(text: &str) -> Result<Vec<u8>, String> {
    let (mut bytes, rest) = unescape(text, Some('"'))?;
    if rest.starts_with("...") {
        return Err("strace omitted bytes: run it with -s 1000000".into());
    }
    let result = rest.rsplit_once("= ").and_then(|(_, result)| {
        let number = result.trim().split(' ').next()?;
        number.parse::<usize>().ok()
    });
    bytes.truncate(result.unwrap_or(0));
    Ok(bytes)
}
