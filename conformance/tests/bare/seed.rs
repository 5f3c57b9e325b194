//! The seed's two example programs, unchanged except for the address.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Failed, Trial};
use processing_conformance::context::scratch::Scratch;
use processing_conformance::peers::{Peer, Python, under_test};
use processing_conformance::run::deviation::Deviations;
use processing_conformance::run::verdict::{Row, Verdict};
use processing_conformance::testee::start;

use processing_connection::{Address, Connector, Dialect, Family, Listener};

use super::command::{Ran, Running, suite};
use super::peers::{install, store, without};
use super::program::{Server, address_expression, expression, reported};

/// Far more time than any of these programs needs. The suite itself waits for a first client for the same time.
const BOUND: Duration = Duration::from_secs(120);

type Test = fn(&Stage, Family);

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![Trial::test("seed::programs", || {
        the_programs_are_the_seeds();
        Ok(())
    })];
    let tests: [(&str, Test); 6] = [
        ("server", server),
        ("looping-server", looping_server),
        ("client", client),
        ("clients", clients),
        ("reference-as-client", reference_as_client),
        ("reference-as-listener", reference_as_listener),
    ];
    for peer in under_test()
        .into_iter()
        .filter(|peer| peer.package == "processing" && peer.python == "2.7")
    {
        if !peer.is_for_this_system() {
            trials.push(Trial::ignorable_test(
                format!("seed::{}", peer.name),
                || with_peer(peer, |_| unreachable!("it has no family here")),
            ));
        }
        for &family in peer.families.here() {
            for (name, test) in tests {
                trials.push(Trial::ignorable_test(
                    format!("seed::{name}::{family}::{}", peer.name),
                    move || match too_old(peer, name) {
                        Some(reason) => Ok(Completion::ignored_with(reason)),
                        None => with_peer(peer, |stage| test(stage, family)),
                    },
                ));
            }
        }
    }
    trials
}

/// Why a program of the seed cannot run on a release that is older than the seed.
fn too_old(peer: &Peer, test: &str) -> Option<&'static str> {
    (["server", "reference-as-client"].contains(&test) && is_known_for("no-last-accepted", peer))
        .then_some("the seed's server prints `last_accepted`, which was added in 0.20")
}

fn is_known_for(deviation: &str, peer: &Peer) -> bool {
    Deviations::known()
        .iter()
        .any(|known| known.id == deviation && known.concerns(&peer.name))
}

fn the_programs_are_the_seeds() {
    // This is the only line that is changed when the programs are run.
    for program in [
        include_str!("../seed/server.py"),
        include_str!("../seed/client.py"),
    ] {
        assert_eq!(program.matches("('localhost', 6000)").count(), 1);
        assert!(!program.contains("sys"));
    }
}

/// An installed release, and the place where its programs listen.
struct Stage {
    peer: &'static Peer,
    python: Python,
    place: PathBuf,
    scratch: Scratch,
}

/// Runs a test with a peer. If the peer is missing, the test is ignored, unless the peer is required.
fn with_peer(peer: &'static Peer, test: impl FnOnce(&Stage)) -> Result<Completion, Failed> {
    if let Err(reason) = install(peer) {
        return without(peer, reason);
    }
    let python = Python::find(&peer.python)?;
    let place = store()?.directory().join(&peer.name);
    let scratch = Scratch::new()?;
    test(&Stage {
        peer,
        python,
        place,
        scratch,
    });
    Ok(Completion::Completed)
}

impl Stage {
    /// A path or the name of a pipe on which nothing listens.
    fn path(&self, family: Family) -> String {
        static PIPES: AtomicUsize = AtomicUsize::new(0);
        if family == Family::Pipe {
            let number = PIPES.fetch_add(1, Ordering::Relaxed);
            return format!(r"\\.\pipe\seed-{}-{number}", std::process::id());
        }
        self.scratch.path().display().to_string()
    }

    /// The reference's dialect of the same name as the peer's.
    fn dialect(&self) -> Dialect {
        let name = self.peer.dialect.to_string();
        name.parse().expect("the reference has every dialect")
    }

    fn program(&self, name: &str, address: &str) -> Command {
        let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seed");
        let flavour = self.peer.flavour().expect("releases have flavours");
        let mut command = self.python.command();
        command
            .arg("-u")
            .arg(seed.join("launcher.py"))
            .arg(&self.place)
            .args([flavour.name(), address])
            .arg(seed.join(name));
        command
    }

    /// Starts a server, and waits until it reports its address.
    fn start_server(&self, name: &str, family: Family) -> (Server, String) {
        let address = match family {
            // The system chooses the port, and the listener reports it.
            Family::Inet => "('127.0.0.1', 0)".to_owned(),
            _ => expression(&self.path(family)),
        };
        Server::start(self.program(name, &address))
    }

    /// Starts the suite so that it waits for a client, and returns the suite's address as a Python expression.
    fn start_suite(&self, family: Family) -> (Running, String) {
        let (told, python) = if family == Family::Inet {
            let port = vacant_port();
            (
                format!("127.0.0.1:{port}"),
                format!("('127.0.0.1', {port})"),
            )
        } else {
            let path = self.path(family);
            let python = expression(&path);
            (path, python)
        };
        (
            Running::start(&mut self.suite(&format!("listen:{told}"))),
            python,
        )
    }

    /// Runs the client until it can connect, or until the suite has ended. A client that cannot connect leaves no
    /// trace: the suite does not notice it.
    fn run_client(&self, address: &str, suite: &mut Running) -> Option<String> {
        let began = Instant::now();
        loop {
            let output = start(|| self.program("client.py", address).output())
                .expect("Python can be started");
            if output.status.success() {
                return Some(String::from_utf8_lossy(&output.stdout).into_owned());
            }
            let said = String::from_utf8_lossy(&output.stderr);
            if suite.has_ended() {
                return None;
            }
            let nobody = ["Connection refused", "No such file", "[Error 2]", "10061"]
                .iter()
                .any(|words| said.contains(words));
            assert!(nobody, "{said}");
            assert!(began.elapsed() < BOUND, "the suite does not listen");
        }
    }

    fn suite(&self, testee: &str) -> Command {
        let mut command = suite();
        command
            .args([
                "run",
                "--deadline",
                "5",
                "--wait",
                "100",
                "--format",
                "json",
            ])
            .args(["--dialect", &self.dialect().to_string(), "--testee", testee]);
        command
    }
}

/// A port on which nothing listens at the moment. If another program takes it first, the suite reports this, and the
/// test fails.
fn vacant_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("a port is free")
        .port()
}

/// The first case passes. After that the seed's server is gone, which is not a fault.
fn server(stage: &Stage, family: Family) {
    let (server, address) = stage.start_server("server.py", family);
    let ran = Running::start(&mut stage.suite(&format!("connect:{address}"))).finish(BOUND);
    let rows = applicable(&ran);
    let (first, others) = rows.split_first().expect("there are cases");
    assert_eq!(first.case, "bare/server/seed");
    assert_eq!(first.verdict, Verdict::Pass, "{first:#?}");
    assert!(others.len() > 10, "{others:#?}");
    for row in others {
        assert_eq!(row.verdict, Verdict::NotRun, "{row:#?}");
        assert!(says(row, "served one client and left"), "{row:#?}");
    }
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr);
    let (status, errors) = server.wait();
    assert!(status.success(), "{status}: {errors}");
}

/// The same program in a loop passes everything except for the known faults of its release.
fn looping_server(stage: &Stage, family: Family) {
    let (_server, address) = stage.start_server("looping_server.py", family);
    let ran = Running::start(&mut stage.suite(&format!("connect:{address}"))).finish(BOUND);
    let rows = applicable(&ran);
    let is_known = |deviation| is_known_for(deviation, stage.peer);
    let good = if family == Family::Pipe && is_known("pipe-connection-closes-once") {
        // The fault that appears after the first client has closed appears for every second client.
        1
    } else if is_known(match family {
        Family::Pipe => "pipe-client-that-left-breaks-accept",
        _ => "c-cut-message-crashes",
    }) {
        let last = rows.last().expect("there are cases");
        assert_eq!(last.case, "bare/server/survives-client");
        rows.len() - 1
    } else {
        return all_pass(&ran);
    };
    let (passed, failed) = rows.split_at(good);
    for row in passed {
        assert_eq!(row.verdict, Verdict::Pass, "{row:#?}");
    }
    for row in failed {
        assert_eq!(row.verdict, Verdict::Fail, "{row:#?}");
    }
    assert_eq!(ran.code(), Some(1), "{}", ran.stderr);
}

/// One client: its case passes, and there is no client left for the other case.
fn client(stage: &Stage, family: Family) {
    let (mut suite, address) = stage.start_suite(family);
    let said = stage.run_client(&address, &mut suite);
    let ran = suite.finish(BOUND);
    let rows = applicable(&ran);
    let said = said.unwrap_or_default();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines, ["sending: 42", "recieved: [42]"]);
    let (first, others) = rows.split_first().expect("there are cases");
    assert_eq!(first.case, "bare/client/seed");
    assert_eq!(first.verdict, Verdict::Pass, "{first:#?}");
    for row in others {
        assert_eq!(row.verdict, Verdict::NotRun, "{row:#?}");
        assert!(says(row, "no further client connected"), "{row:#?}");
    }
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr);
}

/// Several clients, one after another, pass everything.
fn clients(stage: &Stage, family: Family) {
    let (mut suite, address) = stage.start_suite(family);
    while !suite.has_ended() {
        stage.run_client(&address, &mut suite);
    }
    all_pass(&suite.finish(BOUND));
}

/// The rows that apply to the family: a pipe has neither segments nor headers.
fn applicable(ran: &Ran) -> Vec<Row> {
    let rows = ran.rows().into_iter();
    rows.filter(|row| row.verdict != Verdict::NotApplicable)
        .collect()
}

fn all_pass(ran: &Ran) {
    for row in applicable(ran) {
        assert_eq!(row.verdict, Verdict::Pass, "{row:#?}");
    }
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr);
}

fn says(row: &Row, words: &str) -> bool {
    row.message
        .as_ref()
        .is_some_and(|message| message.contains(words))
}

/// The reference sends 42 to the seed's server and gets `[42]`.
fn reference_as_client(stage: &Stage, family: Family) {
    let (server, address) = stage.start_server("server.py", family);
    let mut connection = Connector::new()
        .dialect(stage.dialect())
        .read_timeout(BOUND)
        .connect(reported(&address))
        .expect("the server listens");
    connection.send(&42).expect("the server is there");
    let boxed: Vec<i64> = connection.recv().expect("the server replies");
    assert_eq!(boxed, [42]);
    let (status, errors) = server.wait();
    assert!(status.success(), "{status}: {errors}");
}

/// The reference boxes the object that the seed's client sends.
fn reference_as_listener(stage: &Stage, family: Family) {
    let address = match family {
        Family::Inet => Address::from(("127.0.0.1", 0)),
        _ => Address::infer(&stage.path(family)),
    };
    let mut listener = Listener::builder()
        .address(address)
        .dialect(stage.dialect())
        .accept_timeout(BOUND)
        .read_timeout(BOUND)
        .bind()
        .expect("the address is free");
    let mut program = stage.program("client.py", &address_expression(listener.address()));
    program.stdout(Stdio::piped()).stderr(Stdio::piped());
    let client = start(|| program.spawn()).expect("Python can be started");
    let mut connection = listener.accept().expect("the client comes");
    let object: i64 = connection.recv().expect("the client sends");
    connection.send(&vec![object]).expect("the client is there");
    let output = client.wait_with_output().expect("it can be waited for");
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines, ["sending: 42", "recieved: [42]"]);
}
