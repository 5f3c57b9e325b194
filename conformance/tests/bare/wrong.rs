//! Servers and clients with a fault fail, and the report names the fault.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use processing_conformance::run::verdict::Verdict;

use super::command::{Running, suite};
use super::programs::{Wrong, framed, right_server, wrong_server};
use super::report::block;

const BOUND: Duration = Duration::from_secs(120);

const SERVERS: [(&str, Wrong, &str); 8] = [
    ("unboxed", Wrong::Unboxed, "wire: pickle of another object"),
    ("twice", Wrong::Twice, "wire: pickle of another object"),
    (
        "in-a-tuple",
        Wrong::InATuple,
        "wire: pickle of another object",
    ),
    (
        "byte-order",
        Wrong::ByteOrder,
        "wire: wrong length announced",
    ),
    ("protocol", Wrong::Protocol, "wire: pickle protocol 4"),
    ("no-pickle", Wrong::NoPickle, "wire: not a pickle"),
    ("again", Wrong::Again, "wire: bytes after the reply"),
    ("silent", Wrong::Silent, "wire: nothing came"),
];

/// What a client sends instead of an object, and the outcome.
const CLIENTS: [(&str, &[u8], &str); 4] = [
    (
        "no-pickle",
        b"\x00\x00\x00\x0bsome string",
        "wire: not a pickle",
    ),
    (
        "protocol",
        b"\x00\x00\x00\x0e\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00K*.",
        "wire: pickle protocol 4",
    ),
    (
        "byte-order",
        b"\x05\x00\x00\x00\x80\x02K*.",
        "wire: wrong length announced",
    ),
    ("cut", b"\x00\x00\x00\x05\x80\x02K*", "wire: end of stream"),
];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("server::right", || {
            right();
            Ok(())
        }),
        Trial::test("client::stays", || {
            stays();
            Ok(())
        }),
        Trial::test("server::nobody", || {
            nobody();
            Ok(())
        }),
    ];
    for (name, wrong, outcome) in SERVERS {
        trials.push(Trial::test(format!("server::wrong::{name}"), move || {
            server(name, wrong, outcome);
            Ok(())
        }));
    }
    for (name, bytes, outcome) in CLIENTS {
        trials.push(Trial::test(format!("client::wrong::{name}"), move || {
            client(name, bytes, outcome);
            Ok(())
        }));
    }
    trials
}

/// A server with the reference in a loop passes everything.
fn right() {
    let ran = Running::start(
        suite()
            .args(["run", "--format", "json", "--testee"])
            .arg(format!("connect:{}", right_server())),
    )
    .finish(BOUND);
    let rows = ran.rows();
    assert!(rows.len() > 10, "{rows:#?}");
    for row in &rows {
        assert_eq!(row.verdict, Verdict::Pass, "{row:#?}");
    }
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr);
}

/// If nothing listens, the first case fails, and the run reports a result for every case.
fn nobody() {
    let vacant = vacant_address();
    let ran = Running::start(
        suite()
            .args(["run", "--format", "json", "--testee"])
            .arg(format!("connect:{vacant}")),
    )
    .finish(BOUND);
    let rows = ran.rows();
    assert_eq!(rows[0].verdict, Verdict::Fail, "{:#?}", rows[0]);
    for row in &rows[1..] {
        assert_eq!(row.verdict, Verdict::NotRun, "{row:#?}");
        let message = row.message.as_deref().unwrap_or_default();
        assert!(message.contains("no server listens"), "{message}");
    }
    assert_eq!(ran.code(), Some(1), "{}", ran.stderr);
}

fn server(name: &str, wrong: Wrong, outcome: &str) {
    let address = wrong_server(wrong);
    let ran = Running::start(
        suite()
            .args(["run", "--deadline", "2", "bare/server/seed", "--testee"])
            .arg(format!("connect:{address}")),
    )
    .finish(BOUND);
    assert_eq!(ran.code(), Some(1), "{}{}", ran.stdout, ran.stderr);
    let (host, port) = (address.ip(), address.port());
    let shown = block(
        &ran.stdout,
        "bare/server/seed",
        &[
            (&format!(r"'\''{host}'\'', {port}"), "ADDRESS"),
            (&address.to_string(), "ADDRESS"),
        ],
    );
    assert!(shown.contains(outcome), "{shown}");
    insta::assert_snapshot!(format!("server-{name}"), shown);
}

fn client(name: &str, bytes: &'static [u8], outcome: &str) {
    let (shown, _) = judge_client("bare/client/seed", move |stream| {
        stream.write_all(bytes)?;
        stream.shutdown(Shutdown::Write)
    });
    assert!(shown.contains(outcome), "{shown}");
    insta::assert_snapshot!(format!("client-{name}"), shown);
}

/// A client that does not leave once it has its reply.
fn stays() {
    let (shown, _) = judge_client("bare/client/seed", |stream| {
        stream.write_all(&framed(b"\x80\x02K*."))?;
        Ok(())
    });
    assert!(shown.contains("closing.drop"), "{shown}");
    insta::assert_snapshot!("client-stays", shown);
}

/// Lets the suite judge a client that connects and does this, then waits until the suite is done with it.
fn judge_client(
    case: &str,
    act: impl FnOnce(&mut TcpStream) -> std::io::Result<()> + Send + 'static,
) -> (String, Option<i32>) {
    let address = vacant_address();
    let mut running = Running::start(
        suite()
            .args(["run", "--deadline", "2", case, "--testee"])
            .arg(format!("listen:{address}")),
    );
    let began = Instant::now();
    let mut stream = loop {
        // An attempt that cannot connect leaves no trace.
        match TcpStream::connect(&address) {
            Ok(stream) => break stream,
            Err(error) => {
                assert!(!running.has_ended() && began.elapsed() < BOUND, "{error}");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    };
    // The suite may have seen enough, and closed the connection, before the client is finished.
    let _ = act(&mut stream);
    let waiting = std::thread::spawn(move || {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let ran = running.finish(BOUND);
    waiting.join().expect("it only reads");
    assert_eq!(ran.code(), Some(1), "{}{}", ran.stdout, ran.stderr);
    let (host, port) = address.split_once(':').expect("it is HOST:PORT");
    let shown = block(
        &ran.stdout,
        case,
        &[
            (&format!(r"'\''{host}'\'', {port}"), "ADDRESS"),
            (&address, "ADDRESS"),
        ],
    );
    (shown, ran.code())
}

fn vacant_address() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it is bound").to_string()
}
