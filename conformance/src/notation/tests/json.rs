use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::notation::{Graph, SCHEMA};
use crate::strategy;

/// One node of every kind, in the form that `ADAPTER.md` specifies.
const EVERY_NODE: &[&str] = &[
    r#"{"none":null}"#,
    r#"{"bool":true}"#,
    r#"{"int":"-1"}"#,
    r#"{"int":"123456789012345678901234567890"}"#,
    r#"{"long":"1"}"#,
    r#"{"float":"3ff0000000000000"}"#,
    r#"{"complex":["3ff0000000000000","0000000000000000"]}"#,
    r#"{"str":"616263"}"#,
    r#"{"bytes":"00ff"}"#,
    r#"{"bytearray":""}"#,
    r#"{"unicode":"a\\\\\\ud800\u0000"}"#,
    r#"{"list":[1,2]}"#,
    r#"{"tuple":[]}"#,
    r#"{"dict":[[1,2],[3,4]]}"#,
    r#"{"set":[1]}"#,
    r#"{"frozenset":[1]}"#,
    r#"{"global":["datetime","date"]}"#,
    r#"{"instance":{"class":16,"arguments":12}}"#,
    r#"{"instance":{"class":16,"arguments":12,"state":[1],"items":[2],"pairs":[[3,4]],"old":true}}"#,
    r#"{"reduce":{"callable":16,"arguments":12,"state":[1],"items":[2],"pairs":[[3,4]]}}"#,
    r#"{"persistent":1}"#,
    r#"{"extension":7}"#,
    r#"{"buffer":0}"#,
    r#"{"unpicklable":"a lambda"}"#,
];

#[test]
fn every_node_is_read_and_written_as_documented() {
    let json = format!(r#"{{"root":11,"nodes":[{}]}}"#, EVERY_NODE.join(","));
    let graph: Graph = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&graph).unwrap(), json);
}

#[test]
fn hexadecimal_may_be_upper_case() {
    let json = r#"{"nodes":[{"bytes":"AbFF"}],"root":0}"#;
    assert_eq!(
        serde_json::from_str::<Graph>(json).unwrap(),
        Graph::bytes(b"\xab\xff")
    );
}

/// Invalid nodes, and the error for each. The schema refuses them, too, except where the rest of the table is needed to
/// see what is wrong.
const REFUSED: &[(&str, &str)] = &[
    (
        r#"{"none":null,"int":"1"}"#,
        "node 1: expected exactly one member, found more",
    ),
    ("{}", "node 1: expected exactly one member, found none"),
    (r#"{"float32":"00"}"#, "node 1: unknown variant `float32`"),
    (
        r#"{"none":0}"#,
        "node 1: invalid type: integer `0`, expected unit",
    ),
    (
        r#"{"int":1}"#,
        "node 1: invalid type: integer `1`, expected an integer in decimal",
    ),
    (
        r#"{"int":"0x10"}"#,
        r#"node 1: "0x10" is not an integer in decimal"#,
    ),
    (
        r#"{"int":""}"#,
        r#"node 1: "" is not an integer in decimal"#,
    ),
    (
        r#"{"int":"-"}"#,
        r#"node 1: "-" is not an integer in decimal"#,
    ),
    (
        r#"{"int":"007"}"#,
        r#"node 1: "007" is not an integer in decimal"#,
    ),
    (
        r#"{"long":"1L"}"#,
        r#"node 1: "1L" is not an integer in decimal"#,
    ),
    (
        r#"{"str":"abc"}"#,
        r#"node 1: "abc" is not bytes in hexadecimal"#,
    ),
    (
        r#"{"str":"zz"}"#,
        r#"node 1: "zz" is not bytes in hexadecimal"#,
    ),
    (
        r#"{"float":"3ff0"}"#,
        r#"node 1: "3ff0" is not the eight bytes of a double"#,
    ),
    (r#"{"unicode":"\\n"}"#, r#"node 1: "\\n" is not text"#),
    (
        r#"{"dict":[[0]]}"#,
        "node 1: invalid length 1, expected a tuple of size 2",
    ),
    (
        r#"{"extension":0}"#,
        "node 1: 0 is not an extension code, which is a number from 1 to 2147483647",
    ),
    (
        r#"{"extension":2147483648}"#,
        "node 1: 2147483648 is not an extension code",
    ),
    (
        r#"{"list":[0,7]}"#,
        "node 1 refers to node 7, but there are 2 nodes",
    ),
    (
        r#"{"instance":{"class":0}}"#,
        "node 1: missing field `arguments`",
    ),
    (
        r#"{"instance":{"class":0,"arguments":0}}"#,
        "node 1 has arguments that are not a tuple",
    ),
    (
        r#"{"reduce":{"callable":0,"arguments":0,"old":true}}"#,
        "node 1: unknown field `old`",
    ),
];

#[test]
fn an_invalid_graph_is_refused_with_the_number_of_the_node() {
    for (node, reason) in REFUSED {
        let json = format!(r#"{{"root":0,"nodes":[{{"none":null}},{node}]}}"#);
        let error = serde_json::from_str::<Graph>(&json)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(reason), "{node}: {error}");
    }
    for (json, reason) in [
        (
            r#"{"root":0,"nodes":[]}"#,
            "the root is node 0, but there are 0 nodes",
        ),
        (
            r#"{"root":0,"nodes":[{"none":null}],"size":1}"#,
            "unknown field `size`",
        ),
        (r#"{"nodes":[{"none":null}]}"#, "missing field `root`"),
    ] {
        let error = serde_json::from_str::<Graph>(json).unwrap_err().to_string();
        assert!(error.starts_with(reason), "{json}: {error}");
    }
}

static VALIDATOR: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap());

#[test]
fn the_schema_has_every_node() {
    let json = format!(r#"{{"root":11,"nodes":[{}]}}"#, EVERY_NODE.join(","));
    VALIDATOR
        .validate(&serde_json::from_str(&json).unwrap())
        .unwrap();
}

#[test]
fn the_schema_refuses_nodes_that_are_invalid_by_themselves() {
    for (node, reason) in REFUSED {
        let json = format!(r#"{{"root":0,"nodes":[{{"none":null}},{node}]}}"#);
        let in_the_table = reason.starts_with("node 1 ");
        assert_eq!(
            VALIDATOR.is_valid(&serde_json::from_str(&json).unwrap()),
            in_the_table,
            "{node}"
        );
    }
}

/// Everything that only the parser refuses: faults that involve more than one node, and what JSON itself leaves open.
const REFUSED_BY_THE_PARSER_ALONE: &[(&str, &str)] = &[
    (
        r#"{"root":1,"nodes":[{"none":null}]}"#,
        "the root is node 1, but there are 1 nodes",
    ),
    (
        r#"{"root":0,"nodes":[{"list":[1]}]}"#,
        "node 0 refers to node 1, but there are 1 nodes",
    ),
    (
        r#"{"root":0,"nodes":[{"reduce":{"callable":0,"arguments":0}}]}"#,
        "node 0 has arguments that are not a tuple",
    ),
    // To JSON Schema, 1.0 is an integer.
    (
        r#"{"root":0.0,"nodes":[{"none":null}]}"#,
        "invalid type: floating point `0.0`, expected usize",
    ),
    (
        r#"{"root":0,"nodes":[{"buffer":18446744073709551616}]}"#,
        "node 0: invalid type: floating point `1.8446744073709552e+19`, expected usize",
    ),
    // The schema sees only the last of the duplicates.
    (
        r#"{"root":0,"nodes":[{"none":null,"none":null}]}"#,
        "node 0: expected exactly one member, found more",
    ),
    (
        r#"{"root":0,"root":0,"nodes":[{"none":null}]}"#,
        "duplicate field `root`",
    ),
];

#[test]
fn the_schema_accepts_only_faults_that_need_the_parser() {
    for (json, reason) in REFUSED_BY_THE_PARSER_ALONE {
        assert!(
            VALIDATOR.is_valid(&serde_json::from_str(json).unwrap()),
            "{json}"
        );
        let error = serde_json::from_str::<Graph>(json).unwrap_err().to_string();
        assert!(error.starts_with(reason), "{json}: {error}");
    }
}

/// A value that may appear anywhere in a file that somebody wrote by hand.
fn stray_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(0)),
        Just(json!(1)),
        Just(json!(-1)),
        Just(json!(0.5)),
        Just(json!(4_294_967_296_u64)),
        Just(json!("")),
        Just(json!("0")),
        Just(json!("-0")),
        Just(json!("00ff")),
        Just(json!("3FF0000000000000")),
        Just(json!("\\ud800")),
        Just(json!("\\")),
        Just(json!([])),
        Just(json!([0])),
        Just(json!([0, 0])),
        Just(json!([[0, 0]])),
        Just(json!({})),
        Just(json!({"none": null})),
        Just(json!({"callable": 0, "arguments": 0})),
        Just(json!({"class": 0, "arguments": 0, "old": false})),
    ]
}

/// Every place in a JSON value, as a JSON pointer.
fn places(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![(String::new(), value)];
    while let Some((place, value)) = pending.pop() {
        match value {
            Value::Array(items) => {
                let inner = items.iter().enumerate();
                pending.extend(inner.map(|(number, item)| (format!("{place}/{number}"), item)));
            }
            Value::Object(members) => {
                let inner = members.iter();
                pending.extend(inner.map(|(name, member)| (format!("{place}/{name}"), member)));
            }
            _ => {}
        }
        found.push(place);
    }
    found
}

/// Makes one change at one place: another value, or one member or item more or less.
fn changed(json: &Value, place: prop::sample::Index, how: u8, stray: &Value) -> Value {
    const NAMES: [&str; 6] = ["old", "state", "pairs", "int", "root", "unknown"];
    let mut json = json.clone();
    let places = places(&json);
    let at = json
        .pointer_mut(place.get::<String>(&places))
        .expect("it was met");
    match (how % 4, at) {
        (0, Value::Array(items)) => items.push(stray.clone()),
        (1, Value::Array(items)) => drop(items.pop()),
        (0, Value::Object(members)) => {
            let name = NAMES[usize::from(how / 4) % NAMES.len()];
            members.insert(name.into(), stray.clone());
        }
        (1, Value::Object(members)) => {
            if let Some(first) = members.keys().next().cloned() {
                members.remove(&first);
            }
        }
        (2, Value::String(text)) => text.push('g'),
        (_, any) => *any = stray.clone(),
    }
    json
}

proptest! {
    #[test]
    fn the_schema_has_every_object(graph in strategy::any_graph(strategy::NODES)) {
        let json = serde_json::to_value(&graph).unwrap();
        prop_assert!(VALIDATOR.is_valid(&json), "{}", json);
    }

    #[test]
    fn a_graph_survives_the_round_trip_through_json(graph in strategy::any_graph(strategy::NODES)) {
        let json = serde_json::to_string(&graph).unwrap();
        prop_assert_eq!(serde_json::from_str::<Graph>(&json).unwrap(), graph);
    }

    #[test]
    fn the_parser_refuses_everything_that_the_schema_refuses(
        graph in strategy::any_graph(5),
        place in any::<prop::sample::Index>(),
        how in any::<u8>(),
        stray in stray_value(),
    ) {
        let json = changed(&serde_json::to_value(&graph).unwrap(), place, how, &stray);
        let parsed = serde_json::from_value::<Graph>(json.clone());
        match (VALIDATOR.is_valid(&json), parsed) {
            (false, Ok(_)) => prop_assert!(false, "only the parser accepts {json}"),
            (true, Err(error)) => {
                let error = error.to_string();
                let of_the_table = [" refers to node ", "the root is node ", " arguments that are not a tuple"];
                prop_assert!(of_the_table.iter().any(|reason| error.contains(reason)), "{error}: {json}");
            }
            _ => {}
        }
    }
}
