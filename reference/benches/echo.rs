//! Measures the round trip of one message between two threads: with this crate, and with the floor:
//! a minimal implementation that writes the same bytes in one write and reads exact sizes into a
//! buffer that it reuses.
//!
//! `cargo bench -p processing-connection --bench echo [-- --rounds N] [--peer-python PYTHON
//! --peer-path DIR]`, where PYTHON is a Python 2 and DIR contains `processing` 0.20, installed with
//! its C extension. If they are given, an echo by that peer is measured as well, in le32.
//!
//! The noise of the machine is larger than the differences, so the contenders take turns in one
//! run, and their medians are compared. The exit code is 1 if a ratio exceeds its target.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use processing_connection::{Address, Connection, Dialect, Family, Listener};

type Fallible<T> = Result<T, Box<dyn Error>>;

const SIZES: [(usize, &str, f64); 4] = [
    (16, "16 B", 1.15),
    (1024, "1 KiB", 1.15),
    (1 << 16, "64 KiB", 1.25),
    (1 << 20, "1 MiB", 1.25),
];

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let rounds = option("--rounds").map_or(Ok(41), |rounds| rounds.parse())?;
    let peer = option("--peer-python").zip(option("--peer-path"));
    if let Some((_, path)) = &peer
        && !std::path::Path::new(path).is_dir()
    {
        return Err(format!("--peer-path {path}: no such directory; use an absolute path, since cargo runs benches in another directory").into());
    }
    if peer.is_none() {
        println!("live peer: none given (--peer-python PYTHON --peer-path DIR)");
    }

    let mut within = true;
    for family in [Family::Inet, Family::Unix]
        .into_iter()
        .filter(|family| family.is_available())
    {
        within &= compare(family, rounds, peer.as_ref())?;
    }
    // `cargo test --all-targets` also runs this, but unoptimized; only `cargo bench` judges the
    // ratios.
    let judged = arguments.iter().any(|argument| argument == "--bench");
    if within || !judged {
        Ok(())
    } else {
        Err("a ratio exceeds its target".into())
    }
}

fn compare(family: Family, rounds: usize, peer: Option<&(String, String)>) -> Fallible<bool> {
    let mut reference = Reference::start(family)?;
    let mut floor = floor::start(family)?;
    let mut live = peer
        .map(|(python, path)| Live::start(family, python, path))
        .transpose()?;
    let mut within = true;
    println!("\n{family}, microseconds per round trip, median of {rounds} rounds");
    println!(
        "{:>8} {:>10} {:>10} {:>7} {:>7} {:>10}",
        "", "reference", "floor", "ratio", "target", "0.20 C"
    );
    for (size, name, target) in SIZES {
        let message = vec![0x5a; size];
        let trips = trips_for(&mut floor, &message)?;
        let (mut ours, mut theirs, mut peers) = (vec![], vec![], vec![]);
        for round in 0..=rounds {
            // The order alternates between rounds, so that neither contender is always second.
            let mut times = [Duration::ZERO; 2];
            for turn in [round % 2, 1 - round % 2] {
                times[turn] = match turn {
                    0 => time(&mut reference, &message, trips)?,
                    _ => time(&mut floor, &message, trips)?,
                };
            }
            let live = live
                .as_mut()
                .map(|live| time(live, &message, trips))
                .transpose()?;
            // The first round warms up.
            if round > 0 {
                ours.push(times[0]);
                theirs.push(times[1]);
                peers.extend(live);
            }
        }
        let per_trip = |times: Vec<Duration>| median(times).as_secs_f64() * 1e6 / f64::from(trips);
        let (ours, theirs) = (per_trip(ours), per_trip(theirs));
        let peers = if peers.is_empty() {
            "-".to_owned()
        } else {
            format!("{:.1}", per_trip(peers))
        };
        let ratio = ours / theirs;
        within &= ratio <= target;
        println!("{name:>8} {ours:>10.1} {theirs:>10.1} {ratio:>7.3} {target:>7.2} {peers:>10}");
    }
    Ok(within)
}

/// Returns a number of round trips that takes about 8 milliseconds: many short turns are less
/// affected by noise than a few long ones.
fn trips_for(floor: &mut impl Echo, message: &[u8]) -> Fallible<u32> {
    let mut trips = 1;
    loop {
        let took = time(floor, message, trips)?;
        if took >= Duration::from_millis(8) {
            return Ok(trips);
        }
        trips *= 2;
    }
}

fn time(contender: &mut impl Echo, message: &[u8], trips: u32) -> Fallible<Duration> {
    let start = Instant::now();
    for _ in 0..trips {
        contender.echo(message)?;
    }
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

trait Echo {
    fn echo(&mut self, message: &[u8]) -> Fallible<()>;
}

struct Reference {
    conn: Connection,
    received: Vec<u8>,
}

impl Reference {
    fn start(family: Family) -> Fallible<Self> {
        let mut listener = Listener::builder().family(family).bind()?;
        let address = listener.address().clone();
        thread::spawn(move || -> processing_connection::Result<()> {
            let mut conn = listener.accept()?;
            let mut message = Vec::new();
            loop {
                conn.recv_string_into(&mut message)?;
                conn.send_string(&message)?;
            }
        });
        Ok(Self {
            conn: processing_connection::connect(address)?,
            received: Vec::new(),
        })
    }
}

impl Echo for Reference {
    fn echo(&mut self, message: &[u8]) -> Fallible<()> {
        self.conn.send_string(message)?;
        self.conn.recv_string_into(&mut self.received)?;
        assert_eq!(self.received.len(), message.len());
        Ok(())
    }
}

/// This crate on this side, and `processing` 0.20 with its C extension on the other.
struct Live {
    reference: Reference,
    child: Child,
}

const PEER: &str = "\
import sys
sys.path.insert(0, sys.argv[1])
from processing.connection import Client
address = sys.argv[2]
if ':' in address:
    host, port = address.split(':')
    address = (host, int(port))
conn = Client(address)
while 1:
    conn.send_string(conn.recv_string())
";

impl Live {
    fn start(family: Family, python: &str, path: &str) -> Fallible<Self> {
        let dialect = Dialect::PROCESSING_0_20_C;
        let mut listener = Listener::builder()
            .family(family)
            .dialect(dialect)
            .accept_timeout(Duration::from_secs(10))
            .bind()?;
        let address = match listener.address() {
            Address::Inet { host, port } => format!("{host}:{port}"),
            Address::Unix(path) => path.display().to_string(),
            pipe @ Address::Pipe(_) => pipe.to_string(),
        };
        let child = Command::new(python)
            .args(["-c", PEER, path, &address])
            .stderr(Stdio::null())
            .env("USER", "bench")
            .spawn()?;
        let conn = listener.accept()?;
        Ok(Self {
            reference: Reference {
                conn,
                received: Vec::new(),
            },
            child,
        })
    }
}

impl Echo for Live {
    fn echo(&mut self, message: &[u8]) -> Fallible<()> {
        self.reference.echo(message)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The cost of the transport itself.
mod floor {
    use super::{Echo, Fallible, Family, Read, TcpListener, TcpStream, Write, thread};

    struct Floor<S> {
        stream: S,
        /// The header and the message, kept between turns: the floor does not even copy the
        /// message.
        frame: Vec<u8>,
        /// The buffer never shrinks, so that nothing has to be cleared.
        received: Vec<u8>,
    }

    pub(super) fn start(family: Family) -> Fallible<Box<dyn Echo>> {
        match family {
            Family::Inet => {
                let listener = TcpListener::bind("127.0.0.1:0")?;
                let here = TcpStream::connect(listener.local_addr()?)?;
                let (there, _) = listener.accept()?;
                here.set_nodelay(true)?;
                there.set_nodelay(true)?;
                Ok(both(here, there))
            }
            #[cfg(unix)]
            Family::Unix => {
                let (here, there) = std::os::unix::net::UnixStream::pair()?;
                Ok(both(here, there))
            }
            other => Err(format!("there is no floor for {other}").into()),
        }
    }

    fn both<S: Read + Write + Send + 'static>(here: S, there: S) -> Box<dyn Echo> {
        let new = |stream| Floor {
            stream,
            frame: vec![],
            received: vec![0; 4],
        };
        let (here, mut there) = (new(here), new(there));
        thread::spawn(move || -> std::io::Result<()> {
            loop {
                let length = there.read()?;
                there.stream.write_all(&there.received[..4 + length])?;
            }
        });
        Box::new(here)
    }

    impl<S: Read + Write> Floor<S> {
        /// Reads a message, and returns the length of the payload, which follows its header in
        /// `received`.
        fn read(&mut self) -> std::io::Result<usize> {
            let mut header = [0; 4];
            self.stream.read_exact(&mut header)?;
            let length = u32::from_be_bytes(header) as usize;
            if self.received.len() < 4 + length {
                self.received.resize(4 + length, 0);
            }
            self.received[..4].copy_from_slice(&header);
            self.stream.read_exact(&mut self.received[4..4 + length])?;
            Ok(length)
        }
    }

    impl<S: Read + Write> Echo for Floor<S> {
        fn echo(&mut self, message: &[u8]) -> Fallible<()> {
            if self.frame.len() != 4 + message.len() {
                self.frame = u32::try_from(message.len())?.to_be_bytes().to_vec();
                self.frame.extend(message);
            }
            self.stream.write_all(&self.frame)?;
            assert_eq!(self.read()?, message.len());
            Ok(())
        }
    }

    impl Echo for Box<dyn Echo> {
        fn echo(&mut self, message: &[u8]) -> Fallible<()> {
            (**self).echo(message)
        }
    }
}
