//! Every way in which a pickle can ask for a class or a function. The error names the class and the
//! offset, nothing is run, and the next message arrives.

mod common;

use processing_connection::Error;

use common::{families, pair};

/// The kind of request, the pickle, the class that it needs, and the offset at which the error is
/// reported.
const REQUESTS: &[(&str, &[u8], &str, usize)] = &[
    (
        "GLOBAL",
        b"\x80\x02cdatetime\ndate\nU\x04\x07\xd8\x01\x01\x85R.",
        "datetime.date",
        2,
    ),
    (
        "STACK_GLOBAL",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        "os.system",
        14,
    ),
    ("INST", b"(i__main__\nOld\n}b.", "__main__.Old", 1),
    ("OBJ", b"(c__main__\nOld\no}b.", "__main__.Old", 1),
    (
        "OBJ of a known class",
        b"(c__builtin__\nset\no.",
        "__builtin__.set",
        18,
    ),
    (
        "NEWOBJ",
        b"\x80\x02c__main__\nNew\n)\x81}b.",
        "__main__.New",
        2,
    ),
    (
        "NEWOBJ of a known class",
        b"\x80\x02c__builtin__\nset\n)\x81.",
        "__builtin__.set",
        20,
    ),
    (
        "NEWOBJ_EX",
        b"\x80\x04c__main__\nNew\n)}\x92.",
        "__main__.New",
        2,
    ),
    (
        "NEWOBJ_EX of a known class",
        b"\x80\x04c__builtin__\nset\n)}\x92.",
        "__builtin__.set",
        21,
    ),
    (
        "EXT1",
        b"\x80\x02\x82\x07.",
        "the class of copy_reg's extension code 7",
        2,
    ),
    (
        "EXT2",
        b"\x80\x02\x83\x00\x01.",
        "the class of copy_reg's extension code 256",
        2,
    ),
    (
        "EXT4",
        b"\x80\x02\x84\x00\x00\x01\x00.",
        "the class of copy_reg's extension code 65536",
        2,
    ),
    (
        "a class after a value",
        b"](K\x01cos\nsystem\ne.",
        "os.system",
        4,
    ),
    (
        "a subclass by copy_reg",
        b"ccopy_reg\n_reconstructor\n(c__main__\nList\nc__builtin__\nlist\n]tR.",
        "__main__.List",
        26,
    ),
    (
        "copy_reg called for a known class",
        b"ccopy_reg\n_reconstructor\n(c__builtin__\nlist\nc__builtin__\nlist\nNtR.",
        "copy_reg._reconstructor",
        64,
    ),
    (
        "a constructor itself",
        b"c__builtin__\nset\n.",
        "__builtin__.set",
        0,
    ),
    (
        "a constructor in the memo",
        b"c__builtin__\nset\nq\x000]h\x00a.",
        "__builtin__.set",
        20,
    ),
];

/// Pickles that do not name a class, but refer to something that only the application knows.
const OTHERS: &[(&str, &[u8], usize)] = &[
    ("PERSID", b"Pid\n.", 0),
    ("BINPERSID", b"U\x02idQ.", 4),
    ("BUILD", b"}}b.", 2),
    ("NEXT_BUFFER", b"\x80\x05\x97.", 2),
];

#[test]
fn a_class_is_named_at_its_byte_and_the_next_message_arrives() {
    for family in families() {
        let (mut conn, mut peer) = pair(family);
        for (way, pickle, needed, at) in REQUESTS {
            peer.send_string(pickle).unwrap();
            peer.send("next").unwrap();
            match conn.recv_value() {
                Err(Error::NeedsClass { class, offset }) => {
                    assert_eq!((class.as_str(), offset), (*needed, *at), "{way}");
                }
                other => panic!("{way}: {other:?}"),
            }
            assert_eq!(conn.recv::<String>().unwrap(), "next", "{way}");
        }
    }
}

#[test]
fn references_that_only_the_application_knows_cannot_be_represented_and_the_next_message_arrives() {
    for family in families() {
        let (mut conn, mut peer) = pair(family);
        for (way, pickle, at) in OTHERS {
            peer.send_string(pickle).unwrap();
            peer.send("next").unwrap();
            match conn.recv_value() {
                Err(Error::Unrepresentable { offset, .. }) => assert_eq!(offset, *at, "{way}"),
                other => panic!("{way}: {other:?}"),
            }
            assert_eq!(conn.recv::<String>().unwrap(), "next", "{way}");
        }
    }
}
