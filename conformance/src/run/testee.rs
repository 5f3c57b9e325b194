//! Testees: implementations that can be judged.

use std::sync::Arc;
use std::time::Duration;

use super::plan::{Execution, Selection, plan, plan_bare};
use crate::adapter::{Implementation, InProcess, Reference};
use crate::context::bare::Bare;
use crate::context::setting::Spoken;
use crate::peers::{Absence, Peer, Supply};
use crate::testee::TesteeName;
use crate::testee::child::{ChildLink, Program};
use crate::testee::message::{Hello, RawAddress};
use crate::testee::session::{Link, Session, Trouble};
use crate::wire::Door;

/// An implementation that can be judged, and how it is started or reached.
#[derive(Clone)]
pub struct Testee {
    name: String,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    InProcess {
        claims: Arc<dyn Fn() -> Hello + Send + Sync>,
        link: Arc<dyn Fn() -> Box<dyn Link> + Send + Sync>,
    },
    Peer(&'static Peer, Arc<Supply>),
    Exec(Program),
    Bare(Arc<Bare>, Spoken),
}

impl Testee {
    /// The reference, in this process.
    pub fn reference() -> Self {
        Self::in_process(TesteeName::Reference.to_string(), || Reference)
    }

    /// An implementation in Rust, in this process. Each session has an implementation of its own.
    pub fn in_process<I: Implementation>(
        name: impl Into<String>,
        implementation: impl Fn() -> I + Send + Sync + 'static,
    ) -> Self {
        let implementation = Arc::new(implementation);
        let claiming = Arc::clone(&implementation);
        Self {
            name: name.into(),
            kind: Kind::InProcess {
                claims: Arc::new(move || claiming().hello()),
                link: Arc::new(move || -> Box<dyn Link> {
                    Box::new(InProcess::start(implementation()))
                }),
            },
        }
    }

    /// A known implementation, which is taken from the supply when it is needed for the first time.
    pub fn peer(peer: &'static Peer, supply: &Arc<Supply>) -> Self {
        Self {
            name: TesteeName::Peer(peer.name.clone()).to_string(),
            kind: Kind::Peer(peer, Arc::clone(supply)),
        }
    }

    /// A program that speaks the adapter protocol on its standard input and output.
    pub fn exec(program: Program) -> Self {
        Self {
            name: TesteeName::Exec(program.clone()).to_string(),
            kind: Kind::Exec(program),
        }
    }

    /// A running server without an adapter, and the dialect that it speaks.
    pub fn server(address: RawAddress, spoken: Spoken) -> Self {
        Self {
            name: TesteeName::Connect(address.clone()).to_string(),
            kind: Kind::Bare(Arc::new(Bare::server(address)), spoken),
        }
    }

    /// A client without an adapter that will connect to `door`, and the dialect that it speaks. The suite waits at most
    /// `patience` for the first connection.
    pub fn client(address: RawAddress, door: Door, spoken: Spoken, patience: Duration) -> Self {
        Self {
            name: TesteeName::Listen(address).to_string(),
            kind: Kind::Bare(Arc::new(Bare::client(door, patience)), spoken),
        }
    }

    /// The name, as on the command line.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The peer that this testee is, if it is one.
    pub fn as_peer(&self) -> Option<&'static Peer> {
        match self.kind {
            Kind::Peer(peer, _) => Some(peer),
            _ => None,
        }
    }

    /// Whether the testee has no adapter, so that the suite can observe it only on the wire.
    pub fn is_bare(&self) -> bool {
        matches!(self.kind, Kind::Bare(..))
    }

    /// The reason why the testee is not installed. This looks for a peer, and installs it if that is allowed.
    pub fn absence(&self) -> Option<Absence> {
        match &self.kind {
            Kind::Peer(peer, supply) => supply.get(peer).err(),
            _ => None,
        }
    }

    /// Starts the testee. An operation of the session may take as long as `patience`.
    ///
    /// # Errors
    ///
    /// Returns an error if the testee does not start, or has no adapter.
    pub fn start(&self, patience: Duration) -> Result<Session, Trouble> {
        let never = |reason: String| Trouble::NeverStarted { reason };
        match &self.kind {
            Kind::InProcess { link, .. } => Session::open(link(), patience),
            Kind::Peer(peer, supply) => supply
                .get(peer)
                .map_err(|absence| never(absence.to_string()))?
                .start(patience),
            Kind::Exec(program) => Session::open(Box::new(ChildLink::start(program)?), patience),
            Kind::Bare(..) => Err(never("it has no adapter".into())),
        }
    }

    /// The other flavour of a peer's release, if it frames messages differently.
    pub(super) fn sister(&self) -> Option<Self> {
        match &self.kind {
            Kind::Peer(peer, supply) => Some(Self::peer(peer.sister()?, supply)),
            _ => None,
        }
    }

    /// The claims of the testee, unless it has no adapter, and every selected execution against it.
    ///
    /// Only a program has to be started for this; the claims of other testees are known.
    ///
    /// # Errors
    ///
    /// Returns an error if a program does not start.
    pub(super) fn plan(
        &self,
        selection: &Selection,
        patience: Duration,
    ) -> Result<(Option<Hello>, Vec<Execution>), Trouble> {
        let claims = match &self.kind {
            Kind::InProcess { claims, .. } => claims(),
            Kind::Peer(peer, _) => peer.claims(),
            Kind::Exec(_) => self.start(patience)?.hello().clone(),
            Kind::Bare(bare, spoken) => {
                return Ok((None, plan_bare(bare, *spoken, selection, patience)));
            }
        };
        let executions = plan(&claims, selection, patience);
        Ok((Some(claims), executions))
    }
}
