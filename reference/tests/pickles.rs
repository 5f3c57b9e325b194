//! Pickles as Python writes them, and as an attacker would.

mod common;

use std::time::{Duration, Instant};

use num_bigint::BigInt;
use processing_connection::{Error, HashableValue, Limits, Value, object};
use proptest::prelude::*;

fn loads(pickle: &[u8]) -> Result<Value, Error> {
    object::loads(pickle, &Limits::default())
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

#[test]
fn every_protocol_is_read() {
    // pickle.dumps((None, True, 7, -1, 300, 2**40, 2**70, 1.5, 'a', b'b', [1], {1: 2}), protocol)
    let expected = Value::Tuple(vec![
        Value::None,
        Value::Bool(true),
        Value::I64(7),
        Value::I64(-1),
        Value::I64(300),
        Value::I64(1 << 40),
        Value::Int(BigInt::from(1) << 70),
        Value::F64(1.5),
        text("a"),
        Value::Bytes(b"b".to_vec()),
        Value::List(vec![Value::I64(1)]),
        Value::Dict([(HashableValue::I64(1), Value::I64(2))].into()),
    ]);
    let pickles: [&[u8]; 5] = [
        b"(NI01\nI7\nI-1\nI300\nL1099511627776L\nL1180591620717411303424L\nF1.5\nVa\np0\nS'b'\np1\n(lp2\nI1\na(dp3\nI1\nI2\nstp4\n.",
        b"(NI01\nK\x07J\xff\xff\xff\xffM,\x01L1099511627776L\nL1180591620717411303424L\nG?\xf8\0\0\0\0\0\0X\x01\0\0\0aq\0U\x01bq\x01]q\x02K\x01a}q\x03K\x01K\x02stq\x04.",
        b"\x80\x02(N\x88K\x07J\xff\xff\xff\xffM,\x01\x8a\x06\0\0\0\0\0\x01\x8a\t\0\0\0\0\0\0\0\0@G?\xf8\0\0\0\0\0\0X\x01\0\0\0aq\0c_codecs\nencode\nq\x01X\x01\0\0\0bq\x02X\x06\0\0\0latin1q\x03\x86q\x04Rq\x05]q\x06K\x01a}q\x07K\x01K\x02stq\x08.",
        b"\x80\x03(N\x88K\x07J\xff\xff\xff\xffM,\x01\x8a\x06\0\0\0\0\0\x01\x8a\t\0\0\0\0\0\0\0\0@G?\xf8\0\0\0\0\0\0X\x01\0\0\0aq\0C\x01bq\x01]q\x02K\x01a}q\x03K\x01K\x02stq\x04.",
        b"\x80\x04\x95<\0\0\0\0\0\0\0(N\x88K\x07J\xff\xff\xff\xffM,\x01\x8a\x06\0\0\0\0\0\x01\x8a\t\0\0\0\0\0\0\0\0@G?\xf8\0\0\0\0\0\0\x8c\x01a\x94C\x01b\x94]\x94K\x01a}\x94K\x01K\x02st\x94.",
    ];
    for pickle in pickles {
        assert_eq!(loads(pickle).unwrap(), expected, "{pickle:?}");
    }
}

#[test]
fn a_name_with_surrounding_whitespace_is_a_different_name() {
    for pickle in [
        &b"c\r__builtin__\nset\n)R."[..],
        b"c__builtin__\nset\r\n)R.",
    ] {
        assert!(
            matches!(loads(pickle), Err(Error::NeedsClass { offset: 0, .. })),
            "{pickle:?}"
        );
    }
}

#[test]
fn sets_and_bytes_are_read_in_every_spelling() {
    let one: std::collections::BTreeSet<_> = [HashableValue::I64(1)].into();
    let set = Value::Set(one.clone());
    let frozen = Value::FrozenSet(one);
    let bytes = Value::Bytes(b"\xe9".to_vec());
    for (pickle, value) in [
        (
            &b"\x80\x02c__builtin__\nset\nq\0]q\x01K\x01a\x85q\x02Rq\x03."[..],
            &set,
        ),
        (
            b"\x80\x03cbuiltins\nset\nq\0]q\x01K\x01a\x85q\x02Rq\x03.",
            &set,
        ),
        (b"\x80\x04\x8f\x94(K\x01\x90.", &set),
        (b"\x80\x02c__builtin__\nfrozenset\n]K\x01a\x85R.", &frozen),
        (b"\x80\x04(K\x01\x91\x94.", &frozen),
        (
            b"\x80\x04\x8c\x08builtins\x8c\x09frozenset\x93]K\x01a\x85R.",
            &frozen,
        ),
        (
            b"\x80\x02c__builtin__\nbytearray\nX\x02\0\0\0\xc3\xa9U\x07latin-1\x86R.",
            &bytes,
        ),
        (b"\x80\x05\x96\x01\0\0\0\0\0\0\0\xe9.", &bytes),
        (b"\x80\x02c__builtin__\nbytes\n)R.", &Value::Bytes(vec![])),
        (b"\x80\x02c__builtin__\nset\n)R.", &Value::Set([].into())),
    ] {
        assert_eq!(&loads(pickle).unwrap(), value, "{pickle:?}");
    }
}

#[test]
fn shared_objects_arrive_as_copies() {
    // l = ['x']; pickle.dumps([l, l], 2)
    let pickle = b"\x80\x02]q\0(]q\x01X\x01\0\0\0xq\x02ah\x01e.";
    let inner = Value::List(vec![text("x")]);
    assert_eq!(
        loads(pickle).unwrap(),
        Value::List(vec![inner.clone(), inner])
    );
}

#[test]
fn bytes_after_stop_are_ignored() {
    assert_eq!(loads(b"K\x01.rest").unwrap(), Value::I64(1));
}

#[test]
fn an_object_that_contains_itself_cannot_be_represented() {
    // l = []; l.append(l)
    let error = loads(b"\x80\x02]q\0h\0a.").unwrap_err();
    assert!(
        matches!(error, Error::Unrepresentable { offset: 2, .. }),
        "{error:?}"
    );
}

#[test]
fn a_class_is_named_and_never_called() {
    for (pickle, name) in [
        (&b"cos\nsystem\n(S'true'\ntR."[..], "os.system"),
        (b"(S'true'\nios\nsystem\n.", "os.system"),
        (b"\x80\x02c__main__\nPoint\n)\x81}b.", "__main__.Point"),
        (
            b"ccopy_reg\n_reconstructor\n(c__main__\nOld\nc__builtin__\nobject\nNtR.",
            "__main__.Old",
        ),
        (
            b"\x80\x02c__builtin__\ncomplex\nG\0\0\0\0\0\0\0\0\x85R.",
            "__builtin__.complex",
        ),
        (
            b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.",
            "builtins.eval",
        ),
        (b"c__builtin__\nset\n.", "__builtin__.set"),
        (
            b"(ccopy_reg\n_reconstructor\nc__builtin__\nlist\nNN\x87R.",
            "copy_reg._reconstructor",
        ),
    ] {
        match loads(pickle) {
            Err(Error::NeedsClass { class, .. }) => assert_eq!(class, name),
            other => panic!("{pickle:?}: {other:?}"),
        }
    }
}

#[test]
fn an_error_names_the_byte() {
    for (pickle, at) in [
        (&b""[..], 0),
        (b"K\x01", 2),
        (b"K", 0),
        (b"]K\x01\xff.", 3),
        (b".", 0),
        (b"K\x01a.", 2),
        (b"Ne.", 1),
        (b"K\x01K\x02a.", 4),
        (b"h\x05.", 0),
        (b"}(K\x01u.", 4),
        (b"X\x05\0\0\0abc.", 0),
        (b"T\xff\xff\xff\xffabc.", 0),
        (b"\x8b\xff\xff\xff\xff.", 0),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", 0),
        (b"\x95\xff\0\0\0\0\0\0\0N.", 0),
        (b"X\x01\0\0\0\xff.", 0),
        (b"Ifive\n.", 0),
        (b"I5", 0),
        (b"S'open\n.", 0),
        (b"\x80\x06N.", 0),
        (b"}(]Nu.", 0),
        (b"(.", 1),
    ] {
        match loads(pickle) {
            Err(Error::NotAPickle { offset, .. }) => assert_eq!(offset, at, "{pickle:?}"),
            other => panic!("{pickle:?}: {other:?}"),
        }
    }
}

#[test]
fn a_lone_surrogate_is_not_text() {
    for pickle in [&b"X\x03\0\0\0\xed\xa0\x80."[..], b"V\\ud800\n."] {
        assert!(matches!(loads(pickle), Err(Error::Unrepresentable { .. })));
    }
}

#[test]
fn a_set_may_contain_nan() {
    let mut pickle = b"\x80\x04\x8f(".to_vec();
    for n in 0..200 {
        if n % 3 == 0 {
            pickle.extend(b"G\x7f\xf8\0\0\0\0\0\0");
        } else {
            pickle.extend([b'K', n]);
        }
    }
    pickle.extend(b"\x90.");
    assert!(matches!(loads(&pickle), Ok(Value::Set(_))));
}

/// Checks that a pickle is refused by a limit, and quickly.
fn refused(pickle: &[u8], limit_name: &str) {
    let start = Instant::now();
    match loads(pickle) {
        Err(Error::PickleLimit { limit, .. }) => assert_eq!(limit, limit_name),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the pickle was not refused"),
    }
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

fn nested(open: &[u8], close: &[u8], levels: usize) -> Vec<u8> {
    [
        b"\x80\x02",
        &open.repeat(levels)[..],
        b"N",
        &close.repeat(levels),
        b".",
    ]
    .concat()
}

#[test]
fn deep_nesting_is_refused() {
    for levels in [257, 100_000] {
        refused(&nested(b"]", b"a", levels), "pickle_nesting");
        refused(&nested(b"", b"\x85", levels), "pickle_nesting");
        refused(&nested(b"}K\x01", b"s", levels), "pickle_nesting");
        refused(&nested(b"(", b"t", levels), "pickle_nesting");
        refused(&nested(b"(", b"\x91", levels), "pickle_nesting");
    }
}

#[test]
fn nesting_hidden_in_the_memo_is_refused() {
    let mut pickle = b"N\x85q\0".to_vec();
    for _ in 0..300 {
        pickle.extend(b"0h\0\x85q\0");
    }
    pickle.push(b'.');
    refused(&pickle, "pickle_nesting");
}

#[test]
fn nesting_within_the_limit_arrives() {
    let limits = Limits::default();
    let pickle = nested(b"]", b"a", limits.pickle_nesting as usize);
    let value = object::loads(&pickle, &limits).unwrap();
    assert_eq!(
        object::loads(&object::dumps(&Deep(&value)).unwrap(), &limits).unwrap(),
        value
    );
}

/// Serializes lists within lists.
struct Deep<'a>(&'a Value);

impl serde::Serialize for Deep<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::List(items) => serializer.collect_seq(items.iter().map(Deep)),
            _ => serializer.serialize_none(),
        }
    }
}

#[test]
fn a_discarded_object_may_be_deep() {
    let mut pickle = nested(b"]", b"a", 100_000);
    pickle.pop();
    pickle.extend(b"0K\x01.");
    assert_eq!(loads(&pickle).unwrap(), Value::I64(1));
}

#[test]
fn a_bomb_of_references_is_refused() {
    // x = []; for _ in range(64): x = [x, x]
    let mut pickle = b"\x80\x02]q\0".to_vec();
    for level in 0..64 {
        pickle.extend([b'0', b'(', b'h', level, b'h', level, b'l', b'q', level + 1]);
    }
    pickle.push(b'.');
    refused(&pickle, "pickle_growth");
}

#[test]
fn a_long_text_referred_to_again_and_again_is_refused() {
    let long = vec![b'x'; 1 << 20];
    let mut pickle = [b"(X\0\0\x10\0", &long[..], b"q\0"].concat();
    pickle.extend(b"h\0".repeat(200_000));
    pickle.extend(b"l.");
    refused(&pickle, "pickle_growth");
}

#[test]
fn copying_a_long_list_again_and_again_is_refused() {
    let mut pickle = [
        b"(",
        &b"N".repeat(1 << 20)[..],
        b"l\x85q\0c__builtin__\nlist\nq\x01",
    ]
    .concat();
    pickle.extend(b"h\x01h\0R0".repeat(100_000));
    pickle.push(b'.');
    refused(&pickle, "pickle_growth");
}

#[test]
fn many_references_to_a_small_object_are_accepted() {
    let pickle = [b"(X\x04\0\0\0nameq\0", &b"h\0".repeat(1_000_000)[..], b"l."].concat();
    assert!(matches!(loads(&pickle), Ok(Value::List(items)) if items.len() == 1_000_001));
}

#[test]
fn a_decimal_integer_of_a_megabyte_is_refused() {
    let digits = "9".repeat(1 << 20);
    refused(format!("I{digits}\n.").as_bytes(), "integer_digits");
    refused(format!("L{digits}L\n.").as_bytes(), "integer_digits");
    let allowed = "9".repeat(4300);
    assert!(matches!(
        loads(format!("L-{allowed}L\n.").as_bytes()),
        Ok(Value::Int(_))
    ));
}

#[test]
fn a_binary_integer_of_a_megabyte_is_accepted() {
    let pickle = [b"\x8b\0\0\x10\0", &vec![0x7f; 1 << 20][..], b"."].concat();
    assert!(matches!(loads(&pickle), Ok(Value::Int(_))));
}

/// Opcodes with plausible arguments, so that random pickles do not fail at once.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let fixed: Vec<&[u8]> = vec![
        b"(",
        b".",
        b"0",
        b"1",
        b"2",
        b"N",
        b"]",
        b")",
        b"}",
        b"\x8f",
        b"l",
        b"t",
        b"d",
        b"\x91",
        b"\x85",
        b"\x86",
        b"\x87",
        b"a",
        b"e",
        b"s",
        b"u",
        b"\x90",
        b"\x94",
        b"R",
        b"\x93",
        b"b",
        b"q\0",
        b"q\x01",
        b"h\0",
        b"h\x01",
        b"p2\n",
        b"g2\n",
        b"K\x01",
        b"I5\n",
        b"L7L\n",
        b"F1.5\n",
        b"S'a'\n",
        b"Vb\n",
        b"U\x01c",
        b"X\x01\0\0\0d",
        b"\x8a\x01\x80",
        b"C\x01e",
        b"G\x7f\xf8\0\0\0\0\0\0",
        b"c__builtin__\nset\n",
        b"c__builtin__\nlist\n",
        b"c__builtin__\nbytearray\n",
        b"c_codecs\nencode\n",
        b"X\x06\0\0\0latin1",
        b"ccopy_reg\n_reconstructor\n",
        b"\x80\x02",
        b"\x81",
        b"o",
        b"Q",
    ];
    prop_oneof![
        20 => prop::sample::select(fixed).prop_map(<[u8]>::to_vec),
        1 => any::<Vec<u8>>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_make_loads_panic(bytes in any::<Vec<u8>>()) {
        let _ = loads(&bytes);
    }

    #[test]
    fn no_opcodes_make_loads_panic(fragments in prop::collection::vec(fragment(), 0..60)) {
        let mut pickle = fragments.concat();
        pickle.push(b'.');
        if let Ok(value) = loads(&pickle) {
            // An accepted value can be cloned and printed.
            let _ = value.clone();
            let _ = value.to_string();
        }
    }

    #[test]
    fn no_truncated_or_changed_pickle_makes_loads_panic(
        texts in prop::collection::vec(("[a-z]{0,9}", any::<Option<i64>>(), any::<f64>()), 0..9),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut pickle = object::dumps(&texts).unwrap();
        let at = at.index(pickle.len());
        for end in 0..pickle.len() {
            prop_assert!(loads(&pickle[..end]).is_err());
        }
        pickle[at] = byte;
        let _ = loads(&pickle);
    }
}
