//! What `strace -e trace=network,read,write,close` says of one connection.
//!
//! A descriptor has a number that other files had before it. So a connection begins where `connect` or `accept`
//! succeeds, and ends where it is closed. When nothing of that is there, all lines have to be of one descriptor.

use super::escaped::unescape;
use super::{Builder, Line, Problem, Sender};

/// A line, as far as it matters.
enum Call<'a> {
    /// The beginning of a connection.
    Begins(&'a str),
    /// The end of whatever the descriptor was.
    Closes(&'a str),
    /// Bytes; from the quote on in `text`.
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

/// A call that matters, if the line is one. Process ids and times may stand before its name.
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
                    "another connection begins: leave the lines of one".into(),
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
                    let text = format!("another descriptor, {descriptor}: leave the lines of one");
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
                "calls of several threads are mixed: trace with -ff -o FILE, and take one".into(),
            ));
        }
    }
    Ok(())
}

/// The bytes that a call moved: none when it failed, and not all when it was interrupted.
fn moved(text: &str) -> Result<Vec<u8>, String> {
    let (mut bytes, rest) = unescape(text, Some('"'))?;
    if rest.starts_with("...") {
        return Err("strace left bytes out: run it with -s 1000000".into());
    }
    let result = rest.rsplit_once("= ").and_then(|(_, result)| {
        let number = result.trim().split(' ').next()?;
        number.parse::<usize>().ok()
    });
    bytes.truncate(result.unwrap_or(0));
    Ok(bytes)
}
