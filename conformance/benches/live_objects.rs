//! Random objects a second, sent to a live peer and compared with what it says that it received.
//!
//! `cargo bench -p processing-conformance --bench live_objects [-- --rounds N]`. The peer is `processing`
//! 0.20 with its C extension, over each of its families. Three measurements, because they differ in who does
//! the work: objects made beforehand; made on the way, by the strategy as proptest uses it; and the whole of
//! proptest's own loop.
//!
//! Exit code 1 if a median is under its target, or the peer is not here.

use std::cell::RefCell;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use processing_conformance::context::scratch::Scratch;
use processing_conformance::notation::{Fidelity, Graph, compare};
use processing_conformance::peers::{Peer, Peers, matching};
use processing_conformance::pickle;
use processing_conformance::strategy::{NODES, graph};
use processing_conformance::testee::message::{
    Answer, Handle, Listen, Listening, Operation, RawAddress,
};
use processing_conformance::testee::session::{Session, Ticket};
use processing_conformance::wire::{Transcript, Wire};
use processing_connection::Family;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

type Fallible<T> = Result<T, Box<dyn Error>>;

const PEER: &str = "processing-0.20-c";
/// Objects a second.
const TARGET: f64 = 2000.0;
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --all-targets` runs it too, unoptimized; only `cargo bench` judges.
    let judged = arguments.iter().any(|argument| argument == "--bench");
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let rounds = match option("--rounds") {
        Some(rounds) => rounds.parse()?,
        None if judged => 11,
        None => 1,
    };
    let objects = if judged { 2000 } else { 50 };

    let peer = matching(PEER)[0];
    let installed = match Peers::new(None).and_then(|peers| peers.install(peer)) {
        Ok(installed) => installed,
        Err(reason) if judged => return Err(reason.into()),
        Err(reason) => {
            println!("not measured: {reason}");
            return Ok(());
        }
    };
    let mut slowest = f64::INFINITY;
    for family in peer.claims().families {
        let live = Live::connect(installed.start(PATIENCE)?, peer, family)?;
        slowest = slowest.min(measure(live, family, rounds, objects)?);
    }
    if slowest >= TARGET || !judged {
        Ok(())
    } else {
        Err(format!("fewer than {TARGET} objects a second").into())
    }
}

/// Prints the medians of three ways to do the same, and returns the least.
fn measure(mut live: Live, family: Family, rounds: usize, objects: u32) -> Fallible<f64> {
    let mut runner = TestRunner::deterministic();
    let made = (0..objects)
        .map(|_| make(&mut runner))
        .collect::<Fallible<Vec<_>>>()?;
    let nodes = made.iter().map(|graph| graph.nodes.len()).sum::<usize>();
    let nodes = f64::from(u32::try_from(nodes)?);
    println!(
        "\n{family}, {PEER}: {objects} objects of {:.1} nodes on average; objects a second, median of {rounds} rounds",
        nodes / f64::from(objects)
    );

    let mut times = [const { Vec::new() }; 3];
    for _ in 0..rounds {
        let began = Instant::now();
        live.all(made.iter().map(Ok))?;
        times[0].push(began.elapsed());

        let began = Instant::now();
        live.all((0..objects).map(|_| make(&mut runner)))?;
        times[1].push(began.elapsed());

        let began = Instant::now();
        live = proptest(live, objects)?;
        times[2].push(began.elapsed());
    }
    let names = ["made beforehand", "made on the way", "by proptest"];
    let mut slowest = f64::INFINITY;
    for (name, times) in names.into_iter().zip(&mut times) {
        times.sort_unstable();
        let rate = f64::from(objects) / times[times.len() / 2].as_secs_f64();
        println!("{name:>16} {rate:>8.0}");
        slowest = slowest.min(rate);
    }
    Ok(slowest)
}

fn make(runner: &mut TestRunner) -> Fallible<Graph> {
    let tree = graph(NODES).new_tree(runner);
    Ok(tree.map_err(|reason| reason.to_string())?.current())
}

/// One object after another, as a property has them.
fn proptest(live: Live, objects: u32) -> Fallible<Live> {
    let live = RefCell::new(live);
    let config = Config {
        cases: objects,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&graph(NODES), |graph| {
            live.borrow_mut()
                .one(&graph)
                .map_err(|error| TestCaseError::fail(error.to_string()))
        })
        .map_err(|error| error.to_string())?;
    Ok(live.into_inner())
}

/// The suite's wire to a live peer.
struct Live {
    session: Session,
    connection: Handle,
    wire: Wire,
    _scratch: Scratch,
}

impl Live {
    fn connect(mut session: Session, peer: &Peer, family: Family) -> Fallible<Self> {
        let scratch = Scratch::new()?;
        let free = match family {
            Family::Inet => RawAddress::Pair("127.0.0.1".into(), 0),
            _ => RawAddress::Text(scratch.path().to_string_lossy().into_owned()),
        };
        let listening = session.call(Operation::Listen(Listen {
            address: Some(free),
            dialect: peer.dialect.to_string(),
            ..Listen::default()
        }))?;
        let Ok(Answer::Listening(Listening {
            listener,
            address: Some(address),
            ..
        })) = listening
        else {
            return Err(format!("{listening:?}").into());
        };
        let wire = Wire::connect(
            &address,
            peer.dialect.framing,
            PATIENCE,
            &Transcript::begin(),
        )?;
        let accepted = session.call(Operation::Accept { listener })?;
        let Ok(Answer::Accepted(accepted)) = accepted else {
            return Err(format!("{accepted:?}").into());
        };
        Ok(Self {
            session,
            connection: accepted.connection,
            wire,
            _scratch: scratch,
        })
    }

    /// Sends an object and compares what the peer describes.
    fn one(&mut self, object: &Graph) -> Fallible<()> {
        let receiving = self.send(object)?;
        self.compare(object, &receiving)
    }

    /// The same for many, the next one being made while the peer is at work.
    fn all<G: std::borrow::Borrow<Graph>>(
        &mut self,
        objects: impl IntoIterator<Item = Fallible<G>>,
    ) -> Fallible<()> {
        let mut before: Option<(G, Ticket)> = None;
        for object in objects {
            let object = object?;
            if let Some((object, receiving)) = before.take() {
                self.compare(object.borrow(), &receiving)?;
            }
            let receiving = self.send(object.borrow())?;
            before = Some((object, receiving));
        }
        match before {
            Some((object, receiving)) => self.compare(object.borrow(), &receiving),
            None => Ok(()),
        }
    }

    fn send(&mut self, object: &Graph) -> Fallible<Ticket> {
        let receiving = self.session.start(Operation::recv(self.connection))?;
        self.wire.write_message(&pickle::write(object, 2)?)?;
        Ok(receiving)
    }

    fn compare(&mut self, object: &Graph, receiving: &Ticket) -> Fallible<()> {
        match self.session.finish(receiving)? {
            Ok(Answer::Object(described)) => {
                Ok(compare(object, black_box(&described), Fidelity::Graph)?)
            }
            other => Err(format!("`recv` was answered by {other:?}").into()),
        }
    }
}
