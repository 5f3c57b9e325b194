//! Testees without an adapter: a server that is running already, or a client that will come.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Setting;
use super::failure::{Failure, Stop};
use super::outcome::Found;
use crate::testee::message::RawAddress;
use crate::wire::{Door, Framing, Transcript, Wire};

/// How long the suite waits for a client after the first one.
const NEXT_CLIENT: Duration = Duration::from_secs(2);
/// How long a server that has just served its only client may take to go.
const LEAVING: Duration = Duration::from_secs(2);

/// What is said of all that a server could not be asked any more.
const LEFT: &str = "the server served one client and left, as the seed's example does";

/// How a testee without an adapter is reached.
#[derive(Debug)]
pub enum Bare {
    /// It listens.
    Server {
        /// Where.
        address: RawAddress,
        /// How many connections it was asked for.
        served: AtomicUsize,
        /// Whether it was there at all.
        reached: AtomicBool,
        /// Whether it has left after its first client.
        left: AtomicBool,
    },
    /// It connects.
    Client {
        /// Where the suite listens for it.
        door: Door,
        /// How many have come.
        came: AtomicUsize,
        /// How long the suite waits for the first one.
        patience: Duration,
    },
}

impl Bare {
    /// A server that is running at an address.
    pub fn server(address: RawAddress) -> Self {
        Self::Server {
            address,
            served: AtomicUsize::new(0),
            reached: AtomicBool::new(false),
            left: AtomicBool::new(false),
        }
    }

    /// A client that will come to an address.
    pub fn client(door: Door, patience: Duration) -> Self {
        Self::Client {
            door,
            came: AtomicUsize::new(0),
            patience,
        }
    }

    /// A fresh connection to the server.
    ///
    /// The seed's own server serves one client and ends, which is no fault: what cannot be asked of it then is
    /// not run. A server that has served several and is gone has failed.
    pub(super) fn call_on_server(
        &self,
        setting: &Setting,
        transcript: &Transcript,
    ) -> Result<Wire, Stop> {
        let Self::Server {
            address,
            served,
            reached,
            left,
        } = self
        else {
            return Err(Stop::NotApplicable("it is about servers".into()));
        };
        let before = served.fetch_add(1, Ordering::Relaxed);
        let connected = Wire::connect(
            address,
            setting.dialect.framing,
            setting.patience,
            transcript,
        );
        if connected.is_ok() {
            reached.store(true, Ordering::Relaxed);
        }
        connected.map_err(|error| {
            if !reached.load(Ordering::Relaxed) {
                if before > 0 {
                    return Stop::NotRun(format!("nobody listens at {address}"));
                }
                return Failure::new(Found::ConnectionRefused, format!("a server at {address}"))
                    .detail(format!("{error}; start the server before the suite"))
                    .into();
            }
            if before == 1 {
                left.store(true, Ordering::Relaxed);
            }
            if left.load(Ordering::Relaxed) {
                return Stop::NotRun(LEFT.into());
            }
            Failure::new(
                Found::ConnectionRefused,
                "a server that serves one client after another",
            )
            .detail(error.to_string())
            .into()
        })
    }

    /// Looks once more at a failure: a server that ends after its first client may still have let the second one
    /// into its queue.
    pub(crate) fn excuse(&self, stop: Stop) -> Stop {
        let (
            Self::Server {
                address,
                served,
                left,
                ..
            },
            Stop::Failed(_),
        ) = (self, &stop)
        else {
            return stop;
        };
        if served.load(Ordering::Relaxed) != 2 {
            return stop;
        }
        let deadline = Instant::now() + LEAVING;
        while Instant::now() < deadline {
            let unseen = Transcript::begin();
            if Wire::connect(address, Framing::Be32, LEAVING, &unseen).is_err() {
                left.store(true, Ordering::Relaxed);
                return Stop::NotRun(LEFT.into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        stop
    }

    /// The next client that comes.
    pub(super) fn receive_client(
        &self,
        setting: &Setting,
        transcript: &Transcript,
    ) -> Result<Wire, Stop> {
        let Self::Client {
            door,
            came,
            patience,
        } = self
        else {
            return Err(Stop::NotApplicable("it is about clients".into()));
        };
        let before = came.fetch_add(1, Ordering::Relaxed);
        let patience = if before == 0 {
            *patience
        } else {
            NEXT_CLIENT.max(setting.patience)
        };
        door.accept_for(patience, transcript).map_err(|error| {
            let address = door.address();
            match before {
                0 => Failure::wire(
                    format!("a client at {address} within {} s", patience.as_secs()),
                    &error,
                )
                .into(),
                _ => Stop::NotRun(format!(
                    "no further client came to {address} within {} s",
                    patience.as_secs()
                )),
            }
        })
    }
}
