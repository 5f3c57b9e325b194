//! Faults in objects: the message names the place in the object, and shows the opcodes of the pickles.

use libtest_mimic::Trial;
use processing_conformance::run::verdict::Verdict;

use super::faults::{run, testee};
use super::report::block;

/// What the message of one execution must show.
struct Expectation {
    fault: &'static str,
    shown: &'static str,
    /// Texts that the message must contain.
    says: &'static [&'static str],
}

/// The pickle that the testee was given.
const GIVEN: &str = "given ";
const BOTH: [&str; 2] = ["expected (", "actual ("];

const EXPECTED: &[Expectation] = &[
    Expectation {
        fault: "long-received-as-int",
        shown: "object/pickle/python2-types-received",
        says: &["[1] is int 1, expected long 1", GIVEN, BOTH[0], BOTH[1]],
    },
    Expectation {
        fault: "long-received-as-int",
        shown: "vector/value/received[vector=object/order/dict-of-longs]",
        says: &["is absent, expected None", GIVEN, BOTH[0], BOTH[1]],
    },
    Expectation {
        fault: "long-received-as-int",
        shown: "pair/object/to-testee[kind=long]",
        says: &["is int", "expected long", GIVEN, BOTH[0], BOTH[1]],
    },
    Expectation {
        fault: "long-sent-as-int",
        shown: "object/pickle/python2-types-sent",
        says: &["[1] is int 1, expected long 1", BOTH[0], BOTH[1]],
    },
    Expectation {
        fault: "long-sent-as-int",
        shown: "vector/value/sent[vector=object/long/255]",
        says: &["the object is int 255, expected long 255", BOTH[0], BOTH[1]],
    },
    Expectation {
        fault: "long-sent-as-int",
        shown: "pair/object/from-testee[kind=long]",
        says: &[
            "the pickle that it was given already represents another object",
            GIVEN,
        ],
    },
    Expectation {
        fault: "unicode-sent-as-str",
        shown: "object/unicode/sent[value=greek]",
        says: &["is str", "expected unicode", BOTH[0], BOTH[1]],
    },
    Expectation {
        fault: "shared-received-as-copies",
        shown: "object/shared/received[value=list-twice]",
        says: &["expected the same object as [0]", GIVEN, BOTH[0], BOTH[1]],
    },
    Expectation {
        fault: "shared-sent-as-copies",
        shown: "object/shared/sent[value=list-twice]",
        says: &["expected the same object as [0]", BOTH[0], BOTH[1]],
    },
    Expectation {
        fault: "triples-refused",
        shown: "object/tuple/received[value=3]",
        says: &["there is no TUPLE3", GIVEN],
    },
    Expectation {
        fault: "triples-refused",
        shown: "vector/value/received[vector=object/tuple/3]",
        says: &["there is no TUPLE3", GIVEN],
    },
    Expectation {
        fault: "garbage-is-none",
        shown: "object/undecodable/in-step[payload=unknown-opcode]",
        says: &["recv: returned an object", GIVEN],
    },
];

pub(crate) fn trials() -> Vec<Trial> {
    let of_expectation = |expected: &'static Expectation| {
        let name = format!("planted::pickles::{}::{}", expected.fault, expected.shown);
        Trial::test(name, || {
            fails(expected);
            Ok(())
        })
    };
    let mut trials: Vec<_> = EXPECTED.iter().map(of_expectation).collect();
    trials.push(Trial::test("planted::pickles::none", || {
        faultless();
        Ok(())
    }));
    trials.push(Trial::test("planted::pickles::always_shown", || {
        always_shown();
        Ok(())
    }));
    trials
}

/// Adds a counterpart of the same kind without a fault, so that nothing is lost at the other end of a pair.
fn with_counterpart<'w>(words: &[&'w str], counterpart: &'w str) -> Vec<&'w str> {
    [
        &["--family", "AF_UNIX", "--counterpart", counterpart],
        words,
    ]
    .concat()
}

fn faultless() {
    let counterpart = testee("objects");
    let words = ["--format", "json", "object", "vector", "pair/object"];
    let ran = run("objects", "60", &with_counterpart(&words, &counterpart));
    let rows = ran.rows();
    let bad: Vec<_> = rows
        .iter()
        .filter(|row| !matches!(row.verdict, Verdict::Pass | Verdict::NotApplicable))
        .map(|row| (row.execution(), &row.role, &row.message))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

fn fails(expected: &Expectation) {
    let counterpart = testee("objects");
    let one = run(
        expected.fault,
        "5",
        &with_counterpart(&[expected.shown], &counterpart),
    );
    assert_eq!(one.code(), Some(1), "{}{}", one.stdout, one.stderr);
    let shown = block(
        &one.stdout,
        expected.shown,
        &[
            (
                &testee(expected.fault),
                &format!("exec:planted testee {}", expected.fault),
            ),
            (&counterpart, "exec:planted testee objects"),
        ],
    );
    for said in expected.says {
        assert!(shown.contains(said), "`{said}` is missing:\n{shown}");
    }
    let name = format!("{}-{}", expected.fault, expected.shown);
    insta::assert_snapshot!(name.replace(['/', '[', ']', '='], "-"), shown);
}

/// Whichever case finds a fault in an object, at least one pickle is shown with its opcodes.
fn always_shown() {
    const AREAS: [&str; 5] = [
        "object/pickle",
        "object/tuple",
        "object/undecodable",
        "vector/value/received",
        "pair/object",
    ];
    let counterpart = testee("objects");
    for fault in [
        "long-received-as-int",
        "long-sent-as-int",
        "triples-refused",
        "garbage-is-none",
    ] {
        let mut failures = 0;
        for area in AREAS {
            let ran = run(fault, "5", &with_counterpart(&[area], &counterpart));
            let blocks = ran.stdout.split("\n\n");
            for failure in blocks.filter(|block| block.contains("    requirement ")) {
                failures += 1;
                let is_shown = failure.contains(GIVEN) || failure.contains(BOTH[1]);
                assert!(
                    is_shown && failure.contains("        000000  "),
                    "{failure}"
                );
            }
        }
        assert!(failures > 2, "{fault} fails {failures} times");
    }
}
