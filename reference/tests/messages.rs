//! Messages: what is sent is what is received.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};

use common::{after, families, frame, in_thread, pair, raw, raw_with};
use num_bigint::BigInt;
use processing_connection::{Dialect, Error, Framing, HashableValue, Limits, Value};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[test]
fn strings_of_every_awkward_length_arrive_whole() {
    for family in families() {
        let (mut one, mut other) = pair(family);
        for length in [
            0_usize, 1, 4, 1020, 1024, 8187, 8188, 8189, 8192, 65_535, 65_536, 200_000,
        ] {
            let string: Vec<u8> = (0..=250).cycle().take(length).collect();
            let sent = string.clone();
            let sender = in_thread(move || {
                one.send_string(&sent).unwrap();
                one
            });
            assert_eq!(other.recv_string().unwrap(), string, "{family} {length}");
            one = sender.join().unwrap();
        }
    }
}

#[test]
fn many_small_messages_at_once_keep_their_order() {
    let bytes: Vec<u8> = (0..5000_u32)
        .flat_map(|n| frame(&n.to_be_bytes()))
        .collect();
    let mut conn = after(&bytes);
    let mut string = Vec::new();
    for n in 0..5000_u32 {
        conn.recv_string_into(&mut string).unwrap();
        assert_eq!(string, n.to_be_bytes());
    }
    assert!(matches!(conn.recv_string(), Err(Error::Closed)));
}

#[test]
fn a_message_may_arrive_byte_by_byte() {
    let (mut conn, mut peer) = raw();
    let sender = in_thread(move || {
        for byte in frame(b"slowly") {
            peer.write_all(&[byte]).unwrap();
        }
        peer
    });
    assert_eq!(conn.recv_string().unwrap(), b"slowly");
    drop(sender.join().unwrap());
    assert!(matches!(conn.recv_string(), Err(Error::Closed)));
}

#[test]
fn each_framing_puts_its_header_before_the_payload() {
    for (framing, header) in [
        (Framing::Hex8, &b"00000003"[..]),
        (Framing::Le32, b"\x03\0\0\0"),
        (Framing::Be32, b"\0\0\0\x03"),
        (Framing::Be32x, b"\0\0\0\x03"),
    ] {
        let (mut conn, mut peer) = raw_with(framing.into(), Limits::default());
        conn.send_string(b"abc").unwrap();
        drop(conn);
        let mut wire = Vec::new();
        peer.read_to_end(&mut wire).unwrap();
        assert_eq!(wire, [header, b"abc"].concat(), "{framing}");
    }
}

#[test]
fn the_escape_of_be32x_announces_a_message_of_any_length() {
    let (mut conn, mut peer) = raw_with(Framing::Be32x.into(), Limits::default());
    peer.write_all(b"\xff\xff\xff\xff\0\0\0\0\0\0\0\x03abc")
        .unwrap();
    peer.write_all(b"\xff\xff\xff\xff\0\0\0\0\0\0\0\0").unwrap();
    peer.write_all(b"\0\0\0\x04next").unwrap();
    for message in [&b"abc"[..], b"", b"next"] {
        assert_eq!(conn.recv_string().unwrap(), message);
    }
}

#[test]
fn an_object_is_pickled_with_protocol_2() {
    let (mut conn, mut peer) = raw_with(Dialect::PROCESSING_0_20_C, Limits::default());
    conn.send(&(1, "one")).unwrap();
    drop(conn);
    let mut wire = Vec::new();
    peer.read_to_end(&mut wire).unwrap();
    assert_eq!(wire[4..6], *b"\x80\x02");
    assert_eq!(wire.last(), Some(&b'.'));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    customer: String,
    items: Vec<(String, u32)>,
    note: Option<String>,
    state: State,
    states: Vec<State>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum State {
    Open,
    Paid(u64),
    Sent(u8, u8),
    Back { why: String },
}

#[test]
fn structures_and_enums_arrive_as_they_were() {
    let order = Order {
        customer: "Grüße €".to_owned(),
        items: vec![("pen".to_owned(), 2), ("ink".to_owned(), 0)],
        note: None,
        state: State::Open,
        states: vec![
            State::Paid(u64::MAX),
            State::Back {
                why: "broken".to_owned(),
            },
        ],
    };
    for family in families() {
        let (mut one, mut other) = pair(family);
        one.send(&order).unwrap();
        assert_eq!(other.recv::<Order>().unwrap(), order);
    }
}

#[test]
fn unsized_objects_can_be_sent() {
    let (mut one, mut other) = pair(processing_connection::Family::Inet);
    one.send("text").unwrap();
    one.send(&[1, 2][..]).unwrap();
    assert_eq!(other.recv::<String>().unwrap(), "text");
    assert_eq!(other.recv::<Vec<u8>>().unwrap(), [1, 2]);
}

#[test]
fn integers_of_every_width_arrive() {
    let (mut one, mut other) = pair(processing_connection::Family::Inet);
    for integer in [0, 1, 255, 1 << 31, u64::from(u32::MAX), 1 << 63, u64::MAX] {
        one.send(&integer).unwrap();
        assert_eq!(other.recv::<u64>().unwrap(), integer);
    }
    for integer in [
        -1,
        -128,
        -32769,
        i64::from(i32::MIN) - 1,
        i64::MIN,
        i64::MAX,
    ] {
        one.send(&integer).unwrap();
        assert_eq!(other.recv::<i64>().unwrap(), integer);
    }
}

#[test]
fn strings_from_python_2_can_be_received_as_text() {
    #[derive(Deserialize)]
    struct Received {
        name: String,
        n: u64,
    }
    // cPickle.dumps({'name': u'\u20ac', 'n': 2**40}, 2)
    let pickle =
        b"\x80\x02}q\x01(U\x04nameq\x02X\x03\x00\x00\x00\xe2\x82\xacU\x01nI1099511627776\nu.";
    let received: Received = after(&frame(pickle)).recv().unwrap();
    assert_eq!((received.name.as_str(), received.n), ("€", 1 << 40));
}

#[test]
fn an_object_of_another_type_leaves_the_connection_in_step() {
    let (mut one, mut other) = pair(processing_connection::Family::Inet);
    one.send("text").unwrap();
    one.send(&300).unwrap();
    one.send(&(1, 2, 3)).unwrap();
    one.send(&7).unwrap();
    assert!(matches!(other.recv::<i32>(), Err(Error::Conversion { .. })));
    assert!(matches!(other.recv::<u8>(), Err(Error::Conversion { .. })));
    assert!(matches!(
        other.recv::<(i32, i32)>(),
        Err(Error::Conversion { .. })
    ));
    assert_eq!(other.recv::<i32>().unwrap(), 7);
}

#[test]
fn an_object_that_cannot_be_pickled_puts_nothing_on_the_wire() {
    let (mut conn, mut peer) = raw();
    assert!(matches!(
        conn.send(&1_i128),
        Err(Error::CannotPickle { .. })
    ));
    conn.send_string(b"next").unwrap();
    drop(conn);
    let mut wire = Vec::new();
    peer.read_to_end(&mut wire).unwrap();
    assert_eq!(wire, frame(b"next"));
}

#[test]
fn a_payload_that_is_not_a_pickle_leaves_the_connection_in_step() {
    let bytes = [frame(b"garbage"), frame(b""), frame(b"\x80\x02K\x07.")].concat();
    let mut conn = after(&bytes);
    assert!(matches!(conn.recv::<i32>(), Err(Error::NotAPickle { .. })));
    assert!(matches!(
        conn.recv_value(),
        Err(Error::NotAPickle { offset: 0, .. })
    ));
    assert_eq!(conn.recv::<i32>().unwrap(), 7);
}

#[test]
fn an_object_received_as_a_string_is_its_pickle() {
    let (mut one, mut other) = pair(processing_connection::Family::Inet);
    one.send(&42).unwrap();
    assert_eq!(other.recv_string().unwrap(), b"\x80\x02J*\0\0\0.");
}

fn hashable() -> impl Strategy<Value = HashableValue> {
    let leaf = prop_oneof![
        Just(HashableValue::None),
        any::<i64>().prop_map(HashableValue::I64),
        ".*".prop_map(HashableValue::String),
        any::<Vec<u8>>().prop_map(HashableValue::Bytes),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(HashableValue::Tuple),
            prop::collection::btree_set(inner, 0..5).prop_map(HashableValue::FrozenSet),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::I64),
        any::<f64>()
            .prop_filter("NaN is not equal to itself", |f| !f.is_nan())
            .prop_map(Value::F64),
        ".*".prop_map(Value::String),
        any::<Vec<u8>>().prop_map(Value::Bytes),
        any::<Vec<u8>>()
            .prop_map(|bytes| BigInt::from_signed_bytes_le(&bytes) << 64)
            .prop_filter("small ones are I64", |int| i64::try_from(int).is_err())
            .prop_map(Value::Int),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::List),
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Tuple),
            prop::collection::btree_set(hashable(), 0..8).prop_map(Value::Set),
            prop::collection::btree_set(hashable(), 0..8).prop_map(Value::FrozenSet),
            prop::collection::btree_map(hashable(), inner, 0..8).prop_map(Value::Dict),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_value_arrives_as_it_was(values in prop::collection::vec(value(), 1..6)) {
        for family in families() {
            let (mut one, mut other) = pair(family);
            for value in &values {
                one.send_value(value).unwrap();
                prop_assert_eq!(&other.recv_value().unwrap(), value);
            }
        }
    }

    #[test]
    fn every_string_arrives_as_it_was(strings in prop::collection::vec(any::<Vec<u8>>(), 1..6)) {
        for family in families() {
            let (mut one, mut other) = pair(family);
            for string in &strings {
                one.send_string(string).unwrap();
            }
            for string in &strings {
                prop_assert_eq!(&other.recv_string().unwrap(), string);
            }
        }
    }
}

#[test]
fn serde_deserializes_sets_and_dicts() {
    let (mut one, mut other) = pair(processing_connection::Family::Inet);
    let set: BTreeSet<_> = [1, 2, 3].map(HashableValue::I64).into();
    one.send_value(&Value::FrozenSet(set)).unwrap();
    assert_eq!(other.recv::<BTreeSet<u8>>().unwrap(), [1, 2, 3].into());
    one.send(&BTreeMap::from([("a", 1.5)])).unwrap();
    assert_eq!(
        other.recv::<BTreeMap<String, f32>>().unwrap(),
        BTreeMap::from([("a".to_owned(), 1.5)])
    );
}
