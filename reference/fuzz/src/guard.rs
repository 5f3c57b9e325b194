//! Payloads that may be pickles. The input is a payload.

use processing_connection::{Error, HashableValue, Limits, Result, Value, object};

/// Loads a payload and checks the result.
pub fn check(input: &[u8]) {
    let limits = Limits::default();
    let loaded = object::loads(input, &limits);
    check_error(&loaded, input);
    check_tight_limits(&loaded, input);
    let Ok(value) = loaded else { return };

    let extent = extent(&value);
    assert!(extent.levels <= u64::from(limits.pickle_nesting));
    assert!(extent.nodes <= limits.pickle_growth + input.len() as u64);

    let dumped = object::dumps_value(&value).expect("every value can be dumped");
    let again = object::loads(&dumped, &limits).expect("what was dumped can be loaded");
    if extent.is_ordered() {
        // Bytes are compared instead of values, because a NaN does not equal itself.
        assert_eq!(object::dumps_value(&again).expect("as before"), dumped);
    }
    let followed = [input, b"and what comes after STOP"].concat();
    assert!(object::loads(&followed, &limits).is_ok());
}

/// An error has an offset in the payload, and a reason.
fn check_error(loaded: &Result<Value>, input: &[u8]) {
    match loaded {
        Ok(_) => {}
        Err(Error::NotAPickle { offset, reason } | Error::Unrepresentable { offset, reason }) => {
            assert!(*offset <= input.len());
            assert!(!reason.is_empty());
        }
        Err(Error::NeedsClass { offset, class }) => {
            assert!(*offset < input.len());
            assert!(!class.is_empty());
        }
        Err(Error::PickleLimit { offset, .. }) => assert!(*offset < input.len()),
        Err(other) => panic!("{other:?} is not an error about a payload"),
    }
}

/// Tighter limits change nothing except for payloads that exceed them.
fn check_tight_limits(loaded: &Result<Value>, input: &[u8]) {
    let tight = Limits::default()
        .with_pickle_nesting(2)
        .with_pickle_growth(2)
        .with_integer_digits(2);
    match (object::loads(input, &tight), loaded) {
        (Err(Error::PickleLimit { .. }), _) => {}
        (Ok(one), Ok(other)) => assert_eq!(format!("{one:?}"), format!("{other:?}")),
        (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
        (one, other) => panic!("{one:?} with tighter limits, {other:?} without"),
    }
}

#[derive(Default)]
struct Extent {
    /// How deeply containers are nested.
    levels: u64,
    nodes: u64,
    /// The kinds of number among the members of sets and the keys of dicts.
    sorted: Sorted,
}

#[derive(Clone, Copy, Default)]
struct Sorted {
    float: bool,
    nan: bool,
    big_integer: bool,
}

impl Extent {
    /// Whether the members of every set have only one order. serde-pickle has no order for NaN, nor between floats and
    /// integers of more than 64 bits: each compares greater than the other.
    fn is_ordered(&self) -> bool {
        let Sorted {
            float,
            nan,
            big_integer,
        } = self.sorted;
        !(nan || float && big_integer)
    }
}

fn extent(value: &Value) -> Extent {
    match value {
        Value::List(items) | Value::Tuple(items) => container(items.iter().map(extent)),
        Value::Set(items) | Value::FrozenSet(items) => container(items.iter().map(hashable)),
        Value::Dict(items) => container(
            items
                .iter()
                .flat_map(|(key, value)| [hashable(key), extent(value)]),
        ),
        _ => Extent {
            nodes: 1,
            ..Extent::default()
        },
    }
}

fn hashable(value: &HashableValue) -> Extent {
    match value {
        HashableValue::Tuple(items) => container(items.iter().map(hashable)),
        HashableValue::FrozenSet(items) => container(items.iter().map(hashable)),
        leaf => Extent {
            nodes: 1,
            sorted: Sorted {
                float: matches!(leaf, HashableValue::F64(_)),
                nan: matches!(leaf, HashableValue::F64(number) if number.is_nan()),
                big_integer: matches!(leaf, HashableValue::Int(_)),
            },
            ..Extent::default()
        },
    }
}

fn container(items: impl Iterator<Item = Extent>) -> Extent {
    let mut whole = Extent {
        nodes: 1,
        ..Extent::default()
    };
    for item in items {
        whole.levels = whole.levels.max(item.levels);
        whole.nodes += item.nodes;
        whole.sorted.float |= item.sorted.float;
        whole.sorted.nan |= item.sorted.nan;
        whole.sorted.big_integer |= item.sorted.big_integer;
    }
    whole.levels += 1;
    whole
}
