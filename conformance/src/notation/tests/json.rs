use proptest::prelude::*;

use crate::notation::{Graph, strategy};

/// One of every kind, in the form that `ADAPTER.md` gives it.
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

/// Nodes that are none, and what is said of them. The first column is also refused by the schema, unless
/// it takes the rest of the table to see what is wrong.
const REFUSED: &[(&str, &str)] = &[
    (
        r#"{"none":null,"int":"1"}"#,
        "node 1: exactly one member is needed, there are more",
    ),
    ("{}", "node 1: exactly one member is needed, there is none"),
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
fn what_is_not_the_notation_is_refused_by_node() {
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

fn schema() -> jsonschema::Validator {
    let schema = include_str!("../../../schema/notation.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

#[test]
fn the_schema_has_every_node() {
    let json = format!(r#"{{"root":11,"nodes":[{}]}}"#, EVERY_NODE.join(","));
    schema()
        .validate(&serde_json::from_str(&json).unwrap())
        .unwrap();
}

#[test]
fn the_schema_refuses_what_can_be_seen_in_a_node() {
    let schema = schema();
    for (node, reason) in REFUSED {
        let json = format!(r#"{{"root":0,"nodes":[{{"none":null}},{node}]}}"#);
        let in_the_table = reason.starts_with("node 1 ");
        assert_eq!(
            schema.is_valid(&serde_json::from_str(&json).unwrap()),
            in_the_table,
            "{node}"
        );
    }
}

proptest! {
    #[test]
    fn the_schema_has_every_object(graph in strategy::graph(strategy::NODES)) {
        let json = serde_json::to_value(&graph).unwrap();
        prop_assert!(schema().is_valid(&json), "{}", json);
    }

    #[test]
    fn json_returns(graph in strategy::graph(strategy::NODES)) {
        let json = serde_json::to_string(&graph).unwrap();
        prop_assert_eq!(serde_json::from_str::<Graph>(&json).unwrap(), graph);
    }
}
