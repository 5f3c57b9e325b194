//! `inspect`: decodes captured bytes.

use std::fs::File;
use std::io::{IsTerminal, Read, stdin};
use std::path::{Path, PathBuf};

use processing_conformance::inspect::capture::{Capture, CaptureError};
use processing_conformance::inspect::session::{Options, Session};
use processing_conformance::report::inspect::{misfits, show};

use super::args::InspectArguments;
use super::{FAILED, GOOD, NOTHING_SELECTED, Refusal, print};

/// The largest number of bytes that is accepted, because all of them are kept in memory.
const LONGEST: u64 = 512 << 20;

pub(super) fn inspect(arguments: &InspectArguments) -> Result<u8, Refusal> {
    let capture = capture(arguments)?;
    if capture.length() == 0 && arguments.framing.is_none() {
        return Err(nothing("there are no bytes".into()));
    }
    let key = key(arguments)?;
    let options = Options {
        framing: arguments.framing,
        authkey: key.as_deref(),
        messages: arguments.messages,
    };
    let session = Session::find(&capture, &options).map_err(|error| {
        let without_header = if capture.streams.iter().all(|stream| stream.pieces.is_empty()) {
            "them as one message"
        } else {
            "each line as a message, as on a named pipe"
        };
        nothing(format!(
            "{error} these bytes, read as {}\n{}    --framing selects how to read them nevertheless; `--framing none` reads {without_header}",
            capture.form,
            misfits(&error.fits)
        ))
    })?;
    let inspection = show(&capture, &session, arguments.lines);
    print(&inspection.text);
    Ok(if inspection.is_sound { GOOD } else { FAILED })
}

fn capture(arguments: &InspectArguments) -> Result<Capture, Refusal> {
    let form = arguments.form;
    let refuse = |name: &str, error: CaptureError| Refusal::usage(format!("{name}: {error}"));
    let mut captures = Vec::new();
    for text in &arguments.bytes {
        let capture = Capture::from_text(text, form);
        captures.push(capture.map_err(|error| refuse("--bytes", error))?);
    }
    let stdin = [PathBuf::from("-")];
    let files = match arguments.files.as_slice() {
        [] if captures.is_empty() => &stdin,
        files => files,
    };
    for path in files {
        let capture = Capture::read(read(path)?, form);
        captures.push(capture.map_err(|error| refuse(&name(path), error))?);
    }
    let mut captures = captures.into_iter();
    match (captures.next(), captures.next(), captures.next()) {
        (Some(one), None, None) => Ok(one),
        (Some(client), Some(server), None) => Capture::pair(client, server).ok_or_else(|| {
            Refusal::usage(
                "one of the two captures already contains both directions: inspect it alone",
            )
        }),
        _ => Err(Refusal::usage(
            "a connection has no more than two directions",
        )),
    }
}

fn name(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".into()
    } else {
        path.display().to_string()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Refusal> {
    let refuse = |error: std::io::Error| {
        let bytes = path
            .to_str()
            .filter(|text| Capture::from_text(text, None).is_ok());
        let hint = bytes.map_or(
            "",
            |_| "\n    use --bytes to inspect bytes instead of a file",
        );
        Refusal::usage(format!("{}: {error}{hint}", name(path)))
    };
    let mut bytes = Vec::new();
    let length = if path == Path::new("-") {
        let stdin = stdin();
        if stdin.is_terminal() {
            anstream::eprintln!("reading from the terminal until Ctrl-D");
        }
        stdin.lock().take(LONGEST + 1).read_to_end(&mut bytes)
    } else {
        let file = File::open(path).map_err(refuse)?;
        file.take(LONGEST + 1).read_to_end(&mut bytes)
    };
    if length.map_err(refuse)? as u64 > LONGEST {
        return Err(Refusal::usage(format!(
            "{}: more than {} MiB; inspect the beginning of it",
            name(path),
            LONGEST >> 20
        )));
    }
    Ok(bytes)
}

/// Returns the key of the handshake. No error message contains the key.
fn key(arguments: &InspectArguments) -> Result<Option<Vec<u8>>, Refusal> {
    match (&arguments.authkey_file, &arguments.authkey) {
        (Some(path), _) => {
            let mut key = read(path)?;
            // Editors add a newline at the end of a file. If the key itself ends with one, the file must end with two.
            if key.last() == Some(&b'\n') {
                key.pop();
            }
            Ok(Some(key))
        }
        (None, Some(key)) => Ok(Some(key.0.clone())),
        (None, None) => Ok(None),
    }
}

fn nothing(message: String) -> Refusal {
    Refusal {
        code: NOTHING_SELECTED,
        message,
    }
}
