//! Testees without an adapter: a server that is already running, or a client that is going to connect.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Setting;
use super::failure::{Failure, Stop};
use super::outcome::Found;
use crate::testee::message::RawAddress;
use crate::wire::{Door, Framing, Transcript, Wire};

/// How long the suite waits for each client after the first one.
const NEXT_CLIENT: Duration = Duration::from_secs(2);
/// How long a server may take to end after it has served its only client.
const LEAVING: Duration = Duration::from_secs(2);

/// Why a case was not run because the server had already ended.
const LEFT: &str = "the server served one client and left, as the seed's example does";

/// How a testee without an adapter is reached.
#[derive(Debug)]
pub enum Bare {
    /// A server.
    Server {
        /// The address at which it listens.
        address: RawAddress,
        /// How many connections the suite has attempted.
        served: AtomicUsize,
        /// Whether the suite has ever reached it.
        reached: AtomicBool,
        /// Whether it ended after its first client.
        left: AtomicBool,
    },
    /// A client.
    Client {
        /// The listener to which it connects.
        door: Door,
        /// How many clients the suite has waited for.
        came: AtomicUsize,
        /// How long the suite waits for the first one.
        patience: Duration,
    },
}

impl Bare {
    /// Creates a server that is running at an address.
    pub fn server(address: RawAddress) -> Self {
        Self::Server {
            address,
            served: AtomicUsize::new(0),
            reached: AtomicBool::new(false),
            left: AtomicBool::new(false),
        }
    }

    /// Creates a client that is going to connect to a listener.
    pub fn client(door: Door, patience: Duration) -> Self {
        Self::Client {
            door,
            came: AtomicUsize::new(0),
            patience,
        }
    }

    /// Opens a new connection to the server.
    ///
    /// The seed's own server serves one client and ends, which is not a fault: the remaining cases are not run. A
    /// server that ends after several clients has failed.
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
            return Err(Stop::NotApplicable("the case tests servers".into()));
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
                    return Stop::NotRun(format!("no server listens at {address}"));
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

    /// Examines a failure again: a server that ends after its first client may have accepted the second one into its
    /// queue before it ended.
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

    /// Waits for the next client.
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
            return Err(Stop::NotApplicable("the case tests clients".into()));
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
                    "no further client connected to {address} within {} s",
                    patience.as_secs()
                )),
            }
        })
    }
}
