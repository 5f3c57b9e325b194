//! Verifies recordings without Python, with the reference and the suite's own pickle machine.

mod handshake;
mod object;
mod string;

use std::collections::BTreeMap;

use processing_connection::Decoded;

use super::file::{File, Vector};
use crate::adapter::reference;
use crate::context::failure::{EvidenceKind, Failure};
use crate::wire::Framing;
use crate::wire::frame::frames;

/// An error in a recording.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The id of the vector, or `None` if the error concerns the whole file.
    pub vector: Option<String>,
    /// What is wrong.
    pub failure: Failure,
}

/// Checks everything in a file except its digest, which [`File::parse`] checks.
pub fn check(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |vector: Option<&str>, failure| {
        findings.push(Finding {
            vector: vector.map(Into::into),
            failure,
        });
    };
    if let Err(failure) = check_provenance(file) {
        add(None, failure);
    }
    for pair in file.vectors.windows(2) {
        if pair[0].id() >= pair[1].id() {
            let expected = "vectors in the order of their ids, without duplicates";
            let outcome = format!("it comes after {}", pair[0].id());
            add(Some(pair[1].id()), Failure::recording(outcome, expected));
        }
    }
    for vector in &file.vectors {
        if let Err(failure) = check_vector(vector, file) {
            add(Some(vector.id()), failure);
        }
    }
    findings
}

/// Checks that an id has the same meaning in every file: the same object, the same string, the same keys.
pub fn check_alike(files: &[&File]) -> Vec<Finding> {
    let mut first: BTreeMap<&str, (&File, &Vector)> = BTreeMap::new();
    let mut findings = Vec::new();
    for &file in files {
        for vector in &file.vectors {
            let &mut (known, original) = first.entry(vector.id()).or_insert((file, vector));
            if !is_alike(original, vector) {
                let expected = format!("the same as in the file of {}", known.peer);
                findings.push(Finding {
                    vector: Some(vector.id().into()),
                    failure: Failure::recording(
                        format!("it is different in the file of {}", file.peer),
                        expected,
                    ),
                });
            }
        }
    }
    findings
}

fn is_alike(one: &Vector, other: &Vector) -> bool {
    match (one, other) {
        (Vector::Send(one), Vector::Send(other)) => one.object == other.object,
        (Vector::SendString(one), Vector::SendString(other)) => one.payload == other.payload,
        (Vector::Handshake(one), Vector::Handshake(other)) => {
            (one.role, &one.keys, one.impostor) == (other.role, &other.keys, other.impostor)
        }
        _ => false,
    }
}

/// Checks one vector, for the peer of its file.
pub fn check_vector(vector: &Vector, file: &File) -> Result<(), Failure> {
    let dialect = file.dialect;
    let (area, result) = match vector {
        Vector::Send(sent) => ("object/", object::check(sent, dialect, file.ceiling())),
        Vector::SendString(sent) => ("string/", string::check(sent, dialect)),
        Vector::Handshake(handshake) => ("handshake/", handshake::check(handshake, dialect)),
    };
    if !vector.id().starts_with(area) {
        let expected = format!("an id that begins with {area}");
        return Err(Failure::recording("an id of another operation", expected));
    }
    result
}

fn check_provenance(file: &File) -> Result<(), Failure> {
    let provenance = &file.provenance;
    let of_a_release = (&provenance.flavour, &provenance.archive_sha256);
    let name = format!("{}-{}", provenance.package, provenance.release);
    let name = match of_a_release {
        (Some(flavour), Some(_)) => format!("{name}-{flavour}"),
        (None, None)
            if provenance
                .python
                .starts_with(&format!("{}.", provenance.release)) =>
        {
            name
        }
        (None, None) => {
            let outcome = format!("the release is that of Python {}", provenance.release);
            let expected = format!("the release of the interpreter: {}", provenance.python);
            return Err(Failure::recording(outcome, expected));
        }
        _ => {
            let expected = "both for a package on PyPI, neither for the standard library";
            return Err(Failure::recording(
                "only one of a flavour and an archive",
                expected,
            ));
        }
    };
    if file.peer != name {
        let outcome = format!("the peer is {}", file.peer);
        return Err(Failure::recording(
            outcome,
            format!("the peer with this provenance: {name}"),
        ));
    }
    if (provenance.flavour.as_deref() == Some("c")) != provenance.compiler.is_some() {
        let expected = "a compiler only for an extension";
        return Err(Failure::recording(
            "the provenance of another flavour",
            expected,
        ));
    }
    let is_digest = |digest: &String| {
        digest.len() == 64
            && digest
                .bytes()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    };
    if !provenance.archive_sha256.iter().all(is_digest) {
        return Err(Failure::recording(
            "the digest of the source archive is invalid",
            "64 hexadecimal digits",
        ));
    }
    Ok(())
}

/// Takes a message out of its frame, after checking that the reference reads and writes exactly this header. On a pipe
/// there is no framing, and the message is the payload.
fn payload_of(message: &[u8], framing: Option<Framing>) -> Result<&[u8], Failure> {
    let Some(framing) = framing else {
        return Ok(message);
    };
    let expected = "one message, header and payload";
    let wrong = |outcome: &str| Failure::recording(outcome, expected).breaks("framing.message");
    let frame = frames(framing, message).next();
    let Some(frame) = frame.filter(|frame| frame.announced.is_some()) else {
        return Err(wrong("not a header"));
    };
    let payload = &message[frame.header.len()..];
    let Some(header) = framing.header(payload.len() as u64) else {
        return Err(wrong("too long for a header"));
    };
    if header != frame.header {
        let announced = frame.announced.unwrap_or_default();
        return Err(wrong("wrong header")
            .detail(format!(
                "{announced} bytes are announced, and {} follow",
                payload.len()
            ))
            .showing(EvidenceKind::Stream, &[&header, payload].concat(), message));
    }
    check_header_of_reference(framing, &header, payload.len() as u64)?;
    Ok(payload)
}

/// Checks that the reference writes this header for this length, and reads this length from it.
fn check_header_of_reference(framing: Framing, header: &[u8], length: u64) -> Result<(), Failure> {
    let wrong = |happened: String| {
        Failure::recording("the reference has another header", "the recorded header")
            .breaks(framing.requirement())
            .detail(happened)
    };
    let reference = reference::framing(framing).map_err(|error| wrong(error.to_string()))?;
    let whole = Decoded::Whole {
        header: header.len(),
        payload: length,
    };
    match (reference.encode(length), reference.decode(header)) {
        (Some(written), Ok(read)) if *written == *header && read == whole => Ok(()),
        (written, read) => Err(wrong(format!("it writes {written:?}, and reads {read:?}"))),
    }
}
