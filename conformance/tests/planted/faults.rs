//! Every planted fault makes the cases about it fail, and the report names it.

use std::time::Duration;

use libtest_mimic::Trial;
use processing_conformance::requirements::Level;
use processing_conformance::run::verdict::{Summary, Verdict};

use super::command::{Ran, Running, suite};
use super::report::block;

/// One fault, the cases that show it, and what the report must say about it.
struct Expectation {
    fault: &'static str,
    /// The cases that are run.
    selection: &'static [&'static str],
    /// Cases that must fail, possibly with others.
    failing: &'static [&'static str],
    /// The execution whose message is checked.
    shown: &'static str,
    family: &'static str,
    dialect: &'static str,
    /// Text that the likely cause must contain.
    cause: &'static str,
}

const EXPECTED: [Expectation; 28] = [
    Expectation {
        fault: "byte-order",
        selection: &["framing/header", "framing/empty", "closing/drop"],
        failing: &["framing/header/sent", "framing/header/received"],
        shown: "framing/size/sent[length=5]",
        family: "AF_INET",
        dialect: "be32",
        cause: "wrong byte order",
    },
    Expectation {
        fault: "header-off-by-one",
        selection: &["framing/header", "framing/empty"],
        failing: &["framing/header/sent", "framing/empty/sent"],
        shown: "framing/size/sent[length=5]",
        family: "AF_INET",
        dialect: "be32",
        cause: "the header is off by 1",
    },
    Expectation {
        fault: "header-counts-itself",
        selection: &["framing/header", "framing/empty"],
        failing: &["framing/header/sent", "framing/empty/sent"],
        shown: "framing/empty/sent",
        family: "AF_INET",
        dialect: "be32",
        cause: "the header counts itself",
    },
    Expectation {
        fault: "last-byte-dropped",
        selection: &["framing/bytes", "framing/header"],
        failing: &["framing/bytes/sent", "framing/header/sent"],
        shown: "framing/size/sent[length=5]",
        family: "AF_INET",
        dialect: "be32",
        cause: "the last byte of the message was never written",
    },
    Expectation {
        fault: "messages-merged",
        selection: &["framing/segmentation", "framing/bytes"],
        failing: &[
            "framing/segmentation/two-in-one",
            "framing/segmentation/many-in-one",
        ],
        shown: "framing/segmentation/two-in-one",
        family: "AF_INET",
        dialect: "be32",
        cause: "merged",
    },
    Expectation {
        fault: "end-is-empty",
        selection: &["closing/end"],
        failing: &[
            "closing/end/before-header",
            "closing/end/after-message",
            "closing/end/again",
        ],
        shown: "closing/end/before-header",
        family: "AF_INET",
        dialect: "be32",
        cause: "the end of the stream was taken for an empty message",
    },
    Expectation {
        fault: "one-read-is-all",
        selection: &["framing/size", "framing/segmentation"],
        failing: &["framing/size/received", "framing/segmentation/header-alone"],
        shown: "framing/size/received[length=1025]",
        family: "AF_INET",
        dialect: "be32",
        cause: "the bytes of one read were taken for the whole payload",
    },
    Expectation {
        fault: "read-ahead-lost",
        selection: &["framing/segmentation", "framing/bytes"],
        failing: &["framing/segmentation/two-in-one"],
        shown: "framing/segmentation/two-in-one",
        family: "AF_INET",
        dialect: "be32",
        cause: "read together with an earlier message",
    },
    Expectation {
        fault: "drop-does-not-close",
        selection: &["closing/drop", "closing/close"],
        failing: &["closing/drop/ends-stream", "closing/drop/accepted"],
        shown: "closing/drop/ends-stream",
        family: "AF_INET",
        dialect: "be32",
        cause: "not really closed",
    },
    Expectation {
        fault: "listener-gives-up",
        selection: &["listener/clients"],
        failing: &[
            "listener/clients/sends-garbage",
            "listener/clients/breaks-off",
        ],
        shown: "listener/clients/sends-garbage",
        family: "AF_INET",
        dialect: "be32",
        cause: "an earlier client did",
    },
    Expectation {
        fault: "path-stays",
        selection: &["listener/unix-path", "listener/clients"],
        failing: &[
            "listener/unix-path/removed-by-close",
            "listener/unix-path/removed-by-drop",
        ],
        shown: "listener/unix-path/removed-by-close",
        family: "AF_UNIX",
        dialect: "be32",
        cause: "does not remove the path",
    },
    Expectation {
        fault: "second-half-skipped",
        selection: &["handshake/key", "handshake/verdict"],
        failing: &["handshake/key/right"],
        shown: "handshake/key/right[key=text]",
        family: "AF_INET",
        dialect: "be32",
        cause: "one half of the handshake is missing",
    },
    Expectation {
        fault: "digest-prefix-compared",
        selection: &["handshake/answer"],
        failing: &["handshake/answer/wrong"],
        shown: "handshake/answer/wrong[answer=last-byte]",
        family: "AF_INET",
        dialect: "be32",
        cause: "a part of the digest",
    },
    Expectation {
        fault: "any-verdict-accepted",
        selection: &["handshake/verdict", "handshake/key"],
        failing: &["handshake/verdict/refused", "handshake/verdict/neither"],
        shown: "handshake/verdict/refused",
        family: "AF_INET",
        dialect: "be32",
        cause: "the verdict of the other end",
    },
    Expectation {
        fault: "wrong-digest-answered",
        selection: &["handshake/key"],
        failing: &["handshake/key/right"],
        shown: "handshake/key/right[key=text]",
        family: "AF_INET",
        dialect: "be32",
        cause: "the prefix of the challenge",
    },
    Expectation {
        fault: "object-before-the-end",
        selection: &["handshake/one-sided", "handshake/key"],
        failing: &["handshake/one-sided/testee-only"],
        shown: "handshake/one-sided/testee-only[instead-of=challenge]",
        family: "AF_INET",
        dialect: "be32",
        cause: "unpickled",
    },
    Expectation {
        fault: "escape-unknown",
        selection: &["framing/be32x", "framing/header"],
        failing: &["framing/be32x/escape", "framing/be32x/between-others"],
        shown: "framing/be32x/escape[length=1]",
        family: "AF_INET",
        dialect: "be32x",
        cause: "does not know the escape",
    },
    Expectation {
        fault: "negative-is-escape",
        selection: &["framing/be32x"],
        failing: &["framing/be32x/negative"],
        shown: "framing/be32x/negative[header=-2]",
        family: "AF_INET",
        dialect: "be32x",
        cause: "a negative header was taken",
    },
    Expectation {
        fault: "escape-signed",
        selection: &["framing/be32x"],
        failing: &["framing/be32x/hostile"],
        shown: "framing/be32x/hostile[length=0xffffffffffffffff]",
        family: "AF_INET",
        dialect: "be32x",
        cause: "as a signed number",
    },
    Expectation {
        fault: "name-not-signed",
        selection: &["handshake/key", "handshake/digest"],
        failing: &["handshake/key/right", "handshake/digest/never-wrong"],
        shown: "handshake/key/right[key=text]",
        family: "AF_INET",
        dialect: "be32x",
        cause: "must also cover the name",
    },
    Expectation {
        fault: "name-not-sent",
        selection: &["handshake/key", "handshake/digest"],
        failing: &["handshake/key/right", "handshake/digest/never-wrong"],
        shown: "handshake/key/right[key=text]",
        family: "AF_INET",
        dialect: "be32x",
        cause: "the name of the digest is missing",
    },
    Expectation {
        fault: "digest-fixed",
        selection: &["handshake/key", "handshake/digest"],
        failing: &["handshake/digest/never-wrong"],
        shown: "handshake/digest/never-wrong[digest=sha384]",
        family: "AF_INET",
        dialect: "be32x",
        cause: "another digest",
    },
    Expectation {
        fault: "unknown-digest-answered",
        selection: &["handshake/digest"],
        failing: &["handshake/digest/unknown"],
        shown: "handshake/digest/unknown[name=sha1]",
        family: "AF_INET",
        dialect: "be32x",
        cause: "not a valid challenge",
    },
    Expectation {
        fault: "short-challenge-answered",
        selection: &["handshake/digest"],
        failing: &["handshake/digest/short-challenge"],
        shown: "handshake/digest/short-challenge[challenge=1-byte]",
        family: "AF_INET",
        dialect: "be32x",
        cause: "not a valid challenge",
    },
    Expectation {
        fault: "name-of-answer-ignored",
        selection: &["handshake/digest"],
        failing: &["handshake/digest/wrong-answer"],
        shown: "handshake/digest/wrong-answer[answer=upper-case-name]",
        family: "AF_INET",
        dialect: "be32x",
        cause: "taken for a right one",
    },
    Expectation {
        fault: "older-answer-unchecked",
        selection: &["handshake/digest", "handshake/older"],
        failing: &["handshake/digest/wrong-answer"],
        shown: "handshake/digest/wrong-answer[answer=16-zeros]",
        family: "AF_INET",
        dialect: "be32x",
        cause: "taken for a right one",
    },
    Expectation {
        fault: "older-answer-named",
        selection: &["handshake/digest", "handshake/older"],
        failing: &["handshake/older/challenge-never-wrong"],
        shown: "handshake/older/challenge-never-wrong[challenge=without-name]",
        family: "AF_INET",
        dialect: "be32x",
        cause: "has no name",
    },
    Expectation {
        fault: "other-verdicts",
        selection: &["handshake/key", "handshake/digest"],
        failing: &["handshake/key/right"],
        shown: "handshake/key/right[key=text]",
        family: "AF_INET",
        dialect: "be32x",
        cause: "words of another scheme",
    },
];

/// Far more time than any of these runs needs.
const BOUND: Duration = Duration::from_secs(120);

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("planted::none", || {
            faultless();
            Ok(())
        }),
        Trial::test("planted::every_fault_is_expected", || {
            every_fault_is_expected();
            Ok(())
        }),
    ];
    for expectation in &EXPECTED {
        trials.push(Trial::test(
            format!("planted::{}", expectation.fault),
            || {
                fails(expectation);
                Ok(())
            },
        ));
    }
    trials
}

/// The control: a testee without a fault passes every case that applies to it, and breaks no recommendation either.
fn faultless() {
    // Without optimization and in parallel with other tests, the largest messages take some time.
    let ran = run("none", "60", &["--format", "json"]);
    let rows = ran.rows();
    let bad: Vec<_> = rows
        .iter()
        .filter(|row| !matches!(row.verdict, Verdict::Pass | Verdict::NotApplicable))
        .map(|row| (row.execution(), &row.family, &row.role, &row.message))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    let summary = Summary::of(&rows);
    assert!(summary.pass > 300, "{summary:?}");
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr);
}

fn every_fault_is_expected() {
    for (name, _) in super::naive::Fault::ALL {
        let expected = EXPECTED.iter().any(|expected| expected.fault == name);
        assert!(expected || name == "none", "{name}");
    }
}

fn fails(expected: &Expectation) {
    let all = run(
        expected.fault,
        "2",
        &[
            &["--format", "json", "--dialect", expected.dialect],
            expected.selection,
        ]
        .concat(),
    );
    assert_eq!(all.code(), Some(1), "{}", all.stderr);
    let rows = all.rows();
    for case in expected.failing {
        let failed = rows.iter().any(|row| {
            row.case == *case && row.verdict == Verdict::Fail && row.level == Level::Must
        });
        assert!(failed, "{case} does not fail: {rows:#?}");
    }
    // One fault does not break everything: something in the same areas still works.
    assert!(
        rows.iter().any(|row| row.verdict == Verdict::Pass),
        "nothing passes"
    );

    let one = run(
        expected.fault,
        "2",
        &[
            "--family",
            expected.family,
            "--dialect",
            expected.dialect,
            expected.shown,
        ],
    );
    assert_eq!(one.code(), Some(1), "{}", one.stderr);
    let testee = testee(expected.fault);
    let shown = block(
        &one.stdout,
        expected.shown,
        &[(&testee, &format!("exec:planted testee {}", expected.fault))],
    );
    let cause = shown
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("likely cause"))
        .unwrap_or_else(|| panic!("no likely cause is named:\n{shown}"));
    assert!(cause.contains(expected.cause), "{shown}");
    insta::assert_snapshot!(format!("fault-{}", expected.fault), shown);
}

/// This executable as a testee.
pub(crate) fn testee(name: &str) -> String {
    let own = std::env::current_exe().expect("this executable has a path");
    format!("exec:{} testee {name}", own.display())
}

pub(crate) fn run(fault: &str, deadline: &str, words: &[&str]) -> Ran {
    let mut command = suite();
    command
        .args(["run", "--deadline", deadline, "--testee", &testee(fault)])
        .args(words);
    Running::start(&mut command).finish(BOUND)
}
