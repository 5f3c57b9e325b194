//! Testees that do not behave like an adapter, or only for a while.

use std::io::{BufRead, Write};
use std::process::{Command, Stdio, abort, exit};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use processing_conformance::adapter::{Implementation, serve};
use processing_conformance::testee::message::RawAddress;
use serde_json::{Value, json};

use super::naive::{Fault, Naive, note};

/// The number of operations that a testee carries out before it crashes.
const SOME: usize = 20;

/// Plays the testee of this name, in this process.
pub(crate) fn testee(name: &str) {
    let naive = |before| {
        serve(Naive {
            fault: Fault::None,
            before,
        })
        .expect("the suite speaks the adapter protocol");
    };
    match name {
        "exits-at-once" => {}
        "exits-with-3-at-once" => exit(3),
        "grandchild" => {
            start_grandchild();
            naive(|_| {});
        }
        "grandchild-is-left-alone" => start_grandchild(),
        "sleeper" => sleep(),
        "ignores-end-of-input" => {
            naive(|_| {});
            sleep();
        }
        "aborts-after-some" => naive(|_| after_some(abort)),
        "exits-after-some" => naive(|_| after_some(|| exit(3))),
        "panics-in-recv" => naive(|operation| {
            assert!(operation != "recv_string", "a planted panic");
        }),
        "never-answers-recv" => naive(|operation| {
            if operation == "recv_string" {
                sleep();
            }
        }),
        "floods-standard-error" => {
            std::thread::spawn(|| flood(std::io::stderr(), b"blah "));
            naive(|_| {});
        }
        _ => by_hand(name),
    }
}

fn after_some(end: fn() -> !) {
    static DONE: AtomicUsize = AtomicUsize::new(0);
    if DONE.fetch_add(1, Ordering::Relaxed) == SOME {
        end();
    }
}

/// The grandchild inherits everything from this process, including its standard output, and does not use it.
#[expect(
    clippy::zombie_processes,
    reason = "this is what the suite has to clean up"
)]
fn start_grandchild() {
    let own = std::env::current_exe().expect("this executable has a path");
    Command::new(own)
        .args(["testee", "sleeper"])
        .stdin(Stdio::null())
        .spawn()
        .expect("this executable can be started");
}

fn sleep() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn flood(mut stream: impl Write, bytes: &[u8]) {
    let chunk = bytes.repeat(4096);
    while stream.write_all(&chunk).is_ok() {}
}

/// A hand-written adapter: it answers only what `name` specifies, and never carries out an operation.
fn by_hand(name: &str) {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let request: Value = serde_json::from_str(&line).expect("a request is JSON");
        if let Some(path) = request["address"].as_str() {
            note(&RawAddress::Text(path.into()));
        }
        let (id, operation) = (&request["id"], request["op"].as_str().unwrap_or_default());
        match (name, operation) {
            ("aborts-at-hello", _) => abort(),
            ("hangs-at-hello", _) => sleep(),
            ("floods-at-hello", _) => flood(std::io::stdout(), b"blah "),
            ("garbage-at-hello", _) => say("Hello! I am an adapter."),
            ("wrong-version", "hello") => {
                let mut hello = hello();
                hello["protocol"] = json!(2);
                reply(id, &hello);
            }
            ("no-dialect", "hello") => {
                let mut hello = hello();
                hello["dialects"] = json!([]);
                reply(id, &hello);
            }
            ("stops-reading", _) => {
                reply(id, &hello());
                sleep();
            }
            (_, "hello") => reply(id, &hello()),
            ("floods", _) => flood(std::io::stdout(), b"blah "),
            ("floods-with-lines", _) => {
                flood(std::io::stdout(), b"{\"id\": 987654321, \"ok\": {}}\n");
            }
            ("garbage", _) => say("print('debugging')"),
            ("both", _) => say(&json!({
                "id": id,
                "ok": {},
                "error": {"kind": "closed", "message": "both"},
            })
            .to_string()),
            ("control-characters", _) => say(&json!({
                "id": id,
                "error": {"kind": "unclassified", "message": "\0\u{1b}[31m\u{fffe}"},
            })
            .to_string()),
            ("neither", _) => say(&json!({"id": id}).to_string()),
            ("wrong-answer", _) => reply(id, &json!({"listener": "a listener"})),
            ("closes-standard-output", _) => say_no_more(),
            // `hangs` and the others answer nothing.
            _ => {}
        }
    }
}

fn hello() -> Value {
    let mut hello = serde_json::to_value(Naive::with(Fault::None).hello()).expect("it is JSON");
    // This also claims objects, because their requests are the longest.
    hello["profile"] = json!("graph");
    hello
}

fn reply(id: &Value, ok: &Value) {
    say(&json!({"id": id, "ok": ok}).to_string());
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Continues without a standard output: the process that it starts in its place has none.
fn say_no_more() {
    let own = std::env::current_exe().expect("this executable has a path");
    let error = std::os::unix::process::CommandExt::exec(
        Command::new(own)
            .args(["testee", "sleeper"])
            .stdin(Stdio::null())
            .stdout(Stdio::null()),
    );
    panic!("{error}");
}
