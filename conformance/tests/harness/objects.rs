//! An implementation that keeps every object as it is, and the faults that can be planted in it.

use processing_conformance::adapter::{Halves, Implementation, failed};
use processing_conformance::notation::{Graph, Node, NodeId};
use processing_conformance::pickle::{self, Limits};
use processing_conformance::testee::message::{
    Connect, ErrorKind, Hello, Listen, OperationError, Profile, RawAddress,
};
use processing_conformance::testee::payload::Payload;

/// What is wrong with the objects of an implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// A `long` is received as an `int`.
    LongReceivedAsInt,
    /// A `long` is sent as an `int`.
    LongSentAsInt,
    /// A `unicode` is received as a `str`.
    UnicodeReceivedAsStr,
    /// A `unicode` is sent as a `str`.
    UnicodeSentAsStr,
    /// Shared objects are received as copies, except for objects that contain themselves.
    SharedReceivedAsCopies,
    /// Shared objects are copied before they are sent, except for objects that contain themselves.
    SharedSentAsCopies,
    /// A pickle that contains a tuple of three objects is refused.
    TriplesRefused,
    /// A payload that is not a pickle is received as `None`.
    GarbageIsNone,
}

impl Fault {
    /// Every fault, by its name on the command line.
    pub(crate) const ALL: [(&str, Self); 9] = [
        ("objects", Self::None),
        ("long-received-as-int", Self::LongReceivedAsInt),
        ("long-sent-as-int", Self::LongSentAsInt),
        ("unicode-received-as-str", Self::UnicodeReceivedAsStr),
        ("unicode-sent-as-str", Self::UnicodeSentAsStr),
        ("shared-received-as-copies", Self::SharedReceivedAsCopies),
        ("shared-sent-as-copies", Self::SharedSentAsCopies),
        ("triples-refused", Self::TriplesRefused),
        ("garbage-is-none", Self::GarbageIsNone),
    ];

    fn on_the_way_in(self, graph: Graph) -> Graph {
        match self {
            Self::LongReceivedAsInt => with_ints(graph),
            Self::UnicodeReceivedAsStr => with_strs(graph),
            Self::SharedReceivedAsCopies => with_copies(graph),
            _ => graph,
        }
    }

    fn on_the_way_out(self, graph: Graph) -> Graph {
        match self {
            Self::LongSentAsInt => with_ints(graph),
            Self::UnicodeSentAsStr => with_strs(graph),
            Self::SharedSentAsCopies => with_copies(graph),
            _ => graph,
        }
    }
}

fn with_ints(mut graph: Graph) -> Graph {
    for node in &mut graph.nodes {
        if let Node::Long(value) = node {
            *node = Node::Int(std::mem::take(value));
        }
    }
    graph
}

fn with_strs(mut graph: Graph) -> Graph {
    for node in &mut graph.nodes {
        if let Node::Unicode(text) = node {
            *node = Node::Str(text.as_surrogatepass().to_vec());
        }
    }
    graph
}

/// Replaces every further reference to a list by a reference to a copy, unless the list contains itself.
fn with_copies(mut graph: Graph) -> Graph {
    let mut met = vec![false; graph.nodes.len()];
    for holder in 0..graph.nodes.len() {
        let Node::List(members) = graph.nodes[holder].clone() else {
            continue;
        };
        let copies = members.into_iter().map(|member| {
            let is_list = matches!(&graph.nodes[member], Node::List(_));
            if is_list && std::mem::replace(&mut met[member], true) && !reaches(&graph, member) {
                graph.nodes.push(graph.nodes[member].clone());
                graph.nodes.len() - 1
            } else {
                member
            }
        });
        graph.nodes[holder] = Node::List(copies.collect::<Vec<NodeId>>());
    }
    graph
}

/// Whether a node can be reached from itself.
fn reaches(graph: &Graph, start: NodeId) -> bool {
    let mut met = vec![false; graph.nodes.len()];
    let mut pending: Vec<_> = graph.nodes[start].references().collect();
    while let Some(id) = pending.pop() {
        if id == start {
            return true;
        }
        if !std::mem::replace(&mut met[id], true) {
            pending.extend(graph.nodes[id].references());
        }
    }
    false
}

/// Adds objects to an implementation that exchanges strings. The suite itself pickles and unpickles them.
pub(crate) struct Objects<I> {
    pub(crate) strings: I,
    pub(crate) fault: Fault,
}

impl<I: Implementation> Implementation for Objects<I> {
    type Listener = I::Listener;
    type Sender = I::Sender;
    type Receiver = I::Receiver;

    fn hello(&self) -> Hello {
        Hello {
            profile: Profile::Graph,
            ..self.strings.hello()
        }
    }

    fn listen(&self, arguments: &Listen) -> Result<(I::Listener, RawAddress), OperationError> {
        self.strings.listen(arguments)
    }

    fn last_accepted(&self, listener: &I::Listener) -> Option<RawAddress> {
        self.strings.last_accepted(listener)
    }

    fn accept(&self, listener: &mut I::Listener) -> Result<Halves<Self>, OperationError> {
        self.strings.accept(listener)
    }

    fn connect(&self, arguments: &Connect) -> Result<Halves<Self>, OperationError> {
        self.strings.connect(arguments)
    }

    fn send(&self, sender: &mut I::Sender, object: &Graph) -> Result<(), OperationError> {
        let object = self.fault.on_the_way_out(object.clone());
        let pickle =
            pickle::write(&object, 2).map_err(|error| failed(ErrorKind::Unencodable, error))?;
        self.strings.send_string(sender, &pickle)
    }

    fn recv(&self, receiver: &mut I::Receiver) -> Result<Graph, OperationError> {
        let payload = self.strings.recv_string(receiver)?;
        let pickle = payload.bytes().expect("an implementation returns bytes");
        let graph = match pickle::read(&pickle, &Limits::default()) {
            Ok(reading) => reading.graph,
            Err(_) if self.fault == Fault::GarbageIsNone => Graph::none(),
            Err(error) => return Err(failed(ErrorKind::Undecodable, error)),
        };
        let is_triple = |node: &Node| matches!(node, Node::Tuple(members) if members.len() == 3);
        if self.fault == Fault::TriplesRefused && graph.nodes.iter().any(is_triple) {
            return Err(failed(ErrorKind::Undecodable, "there is no TUPLE3"));
        }
        Ok(self.fault.on_the_way_in(graph))
    }

    fn send_string(&self, sender: &mut I::Sender, bytes: &[u8]) -> Result<(), OperationError> {
        self.strings.send_string(sender, bytes)
    }

    fn recv_string(&self, receiver: &mut I::Receiver) -> Result<Payload, OperationError> {
        self.strings.recv_string(receiver)
    }

    fn poll(&self, receiver: &mut I::Receiver, seconds: f64) -> Result<bool, OperationError> {
        self.strings.poll(receiver, seconds)
    }

    fn close_listener(&self, listener: &mut I::Listener) -> Result<(), OperationError> {
        self.strings.close_listener(listener)
    }

    fn close_sender(&self, sender: &mut I::Sender) -> Result<(), OperationError> {
        self.strings.close_sender(sender)
    }

    fn close_receiver(&self, receiver: &mut I::Receiver) -> Result<(), OperationError> {
        self.strings.close_receiver(receiver)
    }
}
