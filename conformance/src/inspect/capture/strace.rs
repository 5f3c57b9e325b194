//! What `strace -e trace=read,write` (or `recvfrom,sendto`) says of one descriptor.

use super::escaped::unescape;
use super::{Builder, Line, Problem, Sender};

/// A system call: who sent, which descriptor, and the text from the quote on.
struct Call<'a> {
    sender: Sender,
    descriptor: &'a str,
    text: &'a str,
}

pub(super) fn looks_like(lines: &[Line<'_>]) -> bool {
    lines.iter().any(|(_, line)| call(line).is_some())
}

/// A call that moves bytes, if the line is one. Process ids and times may stand before its name.
fn call(line: &str) -> Option<Call<'_>> {
    let (before, after) = line.split_once('(')?;
    let name = before.split_ascii_whitespace().last()?;
    let sender = match name {
        "write" | "send" | "sendto" => Sender::Traced,
        "read" | "recv" | "recvfrom" => Sender::Peer,
        _ => return None,
    };
    let (descriptor, rest) = after.split_once(", ")?;
    Some(Call {
        sender,
        descriptor,
        text: rest.strip_prefix('"')?,
    })
}

pub(super) fn read(lines: &[Line<'_>], builder: &mut Builder) -> Result<(), Problem> {
    let mut descriptor = None;
    for &(number, line) in lines {
        let problem = |text: String| Problem::new(number, text);
        if line.contains("<unfinished ...>") || line.contains(" resumed>") {
            return Err(problem(
                "calls of several threads are mixed: trace with -ff -o FILE, and take one".into(),
            ));
        }
        let Some(call) = call(line) else { continue };
        if *descriptor.get_or_insert(call.descriptor) != call.descriptor {
            return Err(problem(format!(
                "descriptor {} after {}: leave the lines of one connection",
                call.descriptor,
                descriptor.unwrap_or_default()
            )));
        }
        let (bytes, rest) = unescape(call.text, Some('"')).map_err(problem)?;
        if rest.starts_with("...") {
            return Err(problem(
                "strace left bytes out: run it with -s 1000000".into(),
            ));
        }
        let moved = rest.rsplit_once("= ").map(|(_, result)| result.trim());
        let moved = moved.and_then(|result| result.split(' ').next()?.parse::<usize>().ok());
        // A call that failed moved nothing, and one that was interrupted not all of it.
        let moved = moved.unwrap_or(0).min(bytes.len());
        builder.push_from(call.sender, &bytes[..moved]);
    }
    Ok(())
}
