//! The recorded vectors: they satisfy their schema, they are correct, and nothing in them can be changed unnoticed.

#[cfg(unix)]
#[path = "vectors/command.rs"]
mod command;
#[path = "vectors/handshakes.rs"]
mod handshakes;
#[path = "vectors/meaning.rs"]
mod meaning;
#[path = "vectors/mutation.rs"]
mod mutation;
#[path = "vectors/objects.rs"]
mod objects;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use processing_conformance::context::setting::Spoken;
use processing_conformance::peers;
use processing_conformance::report::difference::differences;
use processing_conformance::report::vector::show;
use processing_conformance::vectors::check::{check_alike, check_vector};
use processing_conformance::vectors::{Bytes, File, FileError, Vector, check, embedded_texts};
use processing_connection::Family;
use serde_json::Value;

#[cfg(not(unix))]
#[test]
#[ignore = "the expected output is that of a POSIX system"]
fn command() {
    unimplemented!("its tests are compiled on POSIX systems only");
}

static FILES: LazyLock<Vec<(&str, &str, File)>> = LazyLock::new(|| {
    let parsed = |(name, text)| {
        let file = File::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, text, file)
    };
    embedded_texts().map(parsed).collect()
});

/// The file of one peer.
fn file(peer: &str) -> &'static File {
    let found = FILES.iter().find(|(_, _, file)| file.peer == peer);
    &found.unwrap_or_else(|| panic!("{peer} has no file")).2
}

#[test]
fn every_peer_has_a_file_of_130_vectors() {
    let mut expected = Vec::new();
    for peer in peers::catalogue() {
        if !peer.families.posix.is_empty() {
            expected.push(format!("{}.json", peer.name));
        }
        if peer.families.windows.contains(&Family::Pipe) {
            expected.push(format!("{}-pipe.json", peer.name));
        }
    }
    let recorded: Vec<&str> = FILES.iter().map(|(name, _, _)| *name).collect();
    assert_eq!(recorded, expected);
    for (name, _, file) in FILES.iter() {
        let over = match file.dialect.family {
            Family::Pipe => "-pipe",
            _ => "",
        };
        assert_eq!(*name, format!("{}{over}.json", file.peer));
        assert!(file.vectors.len() >= 130, "{name}: {}", file.vectors.len());
    }
}

#[test]
fn a_file_describes_its_peer_like_the_catalogue() {
    for (name, _, file) in FILES.iter() {
        let peer = peers::matching(&file.peer)[0];
        let Spoken { family, .. } = file.dialect;
        let dialect = peer.dialect;
        let expected = Spoken { dialect, family };
        assert_eq!(file.dialect.to_string(), expected.to_string(), "{name}");
        let provenance = &file.provenance;
        let archive = peer.archive().map(|archive| &archive.sha256);
        assert_eq!(provenance.archive_sha256.as_ref(), archive, "{name}");
        assert_eq!(provenance.help, peer.help, "{name}");
        let system = match family {
            Family::Pipe => "Windows",
            _ => "Linux",
        };
        assert_eq!(provenance.platform.system, system, "{name}");
    }
}

#[test]
fn the_standard_library_has_the_version_of_its_python_and_no_archive() {
    let original = file("multiprocessing-3.14");
    let changes: [fn(&mut File); 4] = [
        |file| file.provenance.python = "3.13.1".into(),
        |file| file.provenance.release = "3.1".into(),
        |file| file.provenance.flavour = Some("c".into()),
        |file| file.provenance.archive_sha256 = Some("0".repeat(64)),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut file = original.clone();
        change(&mut file);
        assert_eq!(check(&file).len(), 1, "{number}");
    }
    let mut file = file("processing-0.20-c").clone();
    file.provenance.archive_sha256 = None;
    assert_eq!(check(&file).len(), 1);
}

#[test]
fn every_vector_is_correct() {
    for (name, _, file) in FILES.iter() {
        let found = check(file);
        assert!(found.is_empty(), "{name}: {found:?}");
    }
    let files: Vec<&File> = FILES.iter().map(|(_, _, file)| file).collect();
    assert_eq!(check_alike(&files).len(), 0);
}

#[test]
fn files_that_are_written_again_do_not_change() {
    for (name, text, file) in FILES.iter() {
        assert!(file.to_text() == *text, "{name}");
    }
}

// ---- the schema ----

fn schema() -> Value {
    serde_json::from_str(processing_vectors::SCHEMA).expect("the schema is JSON")
}

#[test]
fn every_file_satisfies_the_schema() {
    let schema = jsonschema::validator_for(&schema()).expect("the schema is valid");
    // Parts that several files have in common are checked only once.
    let mut seen = BTreeSet::new();
    for (name, text, _) in FILES.iter() {
        let mut file: Value = serde_json::from_str(text).unwrap();
        let vectors = file["vectors"].as_array_mut().unwrap();
        vectors.retain(|vector| seen.insert(vector.to_string()));
        if let Err(error) = schema.validate(&file) {
            panic!("{name} does not satisfy the schema: {error}");
        }
    }
}

#[test]
fn unknown_members_are_refused() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    let mut file = serde_json::to_value(file("processing-0.52-c")).unwrap();
    // One of each form is enough.
    let wanted = [
        "object/mixed/record",
        "object/class/list-subclass",
        "string/length-1024",
        "handshake/client/key-of-1000-bytes",
    ];
    let vectors = file["vectors"].as_array_mut().unwrap();
    vectors.retain(|vector| wanted.contains(&vector["id"].as_str().unwrap()));
    assert_eq!(vectors.len(), wanted.len());
    assert!(schema.is_valid(&file));
    let mut places = Vec::new();
    objects_in(&file, String::new(), &mut places);
    assert!(places.len() > 40, "{}", places.len());
    for place in places {
        let mut file = file.clone();
        let object = file.pointer_mut(&place).unwrap().as_object_mut().unwrap();
        object.insert("unknown".into(), Value::Null);
        assert!(!schema.is_valid(&file), "{place}");
        let text = file.to_string();
        assert!(File::parse_unsealed(&text).is_err(), "{place}");
    }
}

/// The places of all JSON objects.
fn objects_in(value: &Value, place: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                objects_in(member, format!("{place}/{name}"), places);
            }
            places.push(place);
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                objects_in(item, format!("{place}/{number}"), places);
            }
        }
        _ => {}
    }
}

#[test]
fn the_notation_has_one_schema() {
    let notation: Value =
        serde_json::from_str(include_str!("../schema/notation.schema.json")).unwrap();
    let schema = schema();
    for (name, definition) in notation["$defs"].as_object().unwrap() {
        assert_eq!(&schema["$defs"][name], definition, "{name}");
    }
    for part in ["properties", "required", "additionalProperties"] {
        assert_eq!(schema["$defs"]["object"][part], notation[part], "{part}");
    }
}

// ---- changes ----

#[test]
fn with_the_digest_any_changed_byte_is_found() {
    const PLACES: usize = 5;
    for (number, (name, text, _)) in FILES.iter().enumerate() {
        // The places are different in each file.
        let mut places: Vec<usize> = (0..text.len())
            .skip(number * 97)
            .step_by(text.len() / PLACES)
            .collect();
        // These are the digest itself, and blanks without meaning.
        places.extend([
            text.find("digest").unwrap() + 12,
            text.find(": ").unwrap() + 1,
            text.len() - 1,
        ]);
        for place in places {
            let mut flipped = text.as_bytes().to_vec();
            flipped[place] ^= 1;
            let mut longer = text.as_bytes().to_vec();
            longer.insert(place, b' ');
            let mut shorter = text.as_bytes().to_vec();
            shorter.remove(place);
            for changed in [flipped, longer, shorter] {
                let Ok(changed) = String::from_utf8(changed) else {
                    continue;
                };
                assert!(File::parse(&changed).is_err(), "{name}: byte {place}");
            }
        }
    }
}

#[test]
fn a_changed_file_is_reported() {
    let (_, text, _) = &FILES[0];
    let changed = text.replace("CPython", "Jython");
    let Err(error @ FileError::Digest { .. }) = File::parse(&changed) else {
        panic!("it was accepted");
    };
    assert!(
        error
            .to_string()
            .starts_with("it was changed after it was recorded")
    );
    assert!(File::parse_unsealed(&changed).is_ok());
}

#[test]
fn every_change_of_meaning_is_found_without_the_digest() {
    let survived = mutation::survivors();
    assert!(survived.tried > 30_000, "{}", survived.tried);
    assert!(
        survived.unproven.is_empty(),
        "{} of {} changes were not found, and nothing shows that they mean the same:\n{}",
        survived.unproven.len(),
        survived.tried,
        survived.unproven.join("\n")
    );
    // Some changes need a proof that they are meaningless, but only a few.
    assert!(
        survived.proven > 0 && survived.proven < survived.tried / 10,
        "{}",
        survived.proven
    );
}

#[test]
fn exchanged_ids_are_found() {
    let original = file("processing-0.52-c");
    for number in (1..original.vectors.len()).step_by(31) {
        let mut file = original.clone();
        file.vectors.swap(number - 1, number);
        assert!(!check(&file).is_empty(), "{number}: the order");
        // If the order is corrected, another file still shows the change.
        let mut file = original.clone();
        let (one, other) = (
            file.vectors[number - 1].id().to_owned(),
            file.vectors[number].id().to_owned(),
        );
        *mutation::id_of(&mut file.vectors[number - 1]) = other;
        *mutation::id_of(&mut file.vectors[number]) = one;
        file.vectors.swap(number - 1, number);
        let others = [crate::file("processing-0.51-c"), &file];
        let found = check(&file).len() + check_alike(&others).len();
        assert!(found > 0, "{number}: {}", original.vectors[number].id());
    }
}

// ---- recording again ----

#[test]
fn random_bytes_are_not_differences_and_every_other_byte_is_explained() {
    let one = file("processing-0.51-c");
    let mut other = file("processing-0.52-c").clone();
    let texts: Vec<String> = differences(one, &other)
        .into_iter()
        .map(|found| found.what)
        .collect();
    assert_eq!(texts, ["peer", "release", "archive_sha256"]);

    other.peer.clone_from(&one.peer);
    other.provenance = one.provenance.clone();
    for vector in &mut other.vectors {
        let bytes = match vector {
            Vector::Send(sent) if sent.id == "object/mixed/of-the-release" => &mut sent.bytes,
            Vector::SendString(sent) if sent.id == "string/letter" => &mut sent.bytes,
            Vector::Handshake(handshake) if handshake.id == "handshake/client/right-key" => {
                &mut handshake.steps[2].bytes
            }
            _ => continue,
        };
        let mut changed = bytes.expand();
        let last = changed.len() - 1;
        changed[last - last / 3] ^= 1;
        *bytes = Bytes::plain(changed);
    }
    let shown: Vec<String> = differences(one, &other)
        .into_iter()
        .map(|found| format!("{}\n{}", found.what, found.text))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

// ---- what a reader can learn from them ----

/// A representative set: the protocol, byte by byte.
#[test]
fn the_protocol_can_be_learned_from_the_vectors() {
    for (name, peer, ids) in [
        (
            "headers",
            "processing-0.10-pure",
            &["string/letter", "object/int/42"][..],
        ),
        (
            "little_endian",
            "processing-0.20-c",
            &["string/letter", "object/int/42", "string/length-1024"],
        ),
        (
            "objects",
            "processing-0.30-c",
            &[
                "object/none/none",
                "object/int/65536",
                "object/int/2147483648",
                "object/long/255",
                "object/float/tenth",
                "object/str/text",
                "object/unicode/latin-1",
                "object/mixed/of-the-release",
                "object/mixed/record",
                "object/order/dict-of-strs",
                "object/shared/list-twice",
                "object/recursive/tuple-through-list",
            ],
        ),
        (
            "classes",
            "processing-0.40-c",
            &[
                "object/class/old-with-arguments",
                "object/class/slots",
                "object/class/list-subclass",
                "object/exception/with-an-attribute",
                "object/library/decimal",
                "object/datetime/date",
                "object/global/builtin",
            ],
        ),
        (
            "handshakes",
            "processing-0.21-c",
            &[
                "handshake/listener/right-key",
                "handshake/listener/wrong-key",
            ],
        ),
        (
            "handshakes_of_a_client",
            "processing-0.52-c",
            &["handshake/client/impostor"],
        ),
        (
            "python_3",
            "multiprocessing-3.14",
            &[
                "object/python-3/str/letter",
                "object/python-3/long/2**63",
                "object/unicode/latin-1",
                "object/bytearray/every-byte",
                "object/recursive/list-in-itself",
            ],
        ),
    ] {
        let file = file(peer);
        let shown: Vec<String> = ids
            .iter()
            .map(|id| {
                let vector = file
                    .vector(id)
                    .unwrap_or_else(|| panic!("{peer} has no {id}"));
                show(vector, file.dialect)
            })
            .collect();
        insta::assert_snapshot!(name, format!("{peer}\n\n{}", shown.join("\n")));
    }
}

/// Every vector only once for each dialect, even if several peers have it, with one of the files that contain it.
fn distinct() -> Vec<(&'static File, Vector)> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (_, _, file) in FILES.iter() {
        for vector in &file.vectors {
            let text = serde_json::to_string(vector).unwrap();
            if seen.insert(format!("{:?} {text}", file.dialect.framing())) {
                found.push((file, vector.clone()));
            }
        }
    }
    found
}

fn holds(vector: &Vector, file: &File) -> bool {
    check_vector(vector, file).is_ok()
}
