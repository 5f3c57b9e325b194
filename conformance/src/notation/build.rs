//! Builds graphs in Rust.

use num_bigint::BigInt;

use super::{Construction, Float, Graph, Node, NodeId, Object, Text};

/// Adds nodes to a table. See [`Graph::build`].
#[derive(Debug, Default)]
pub struct Builder {
    nodes: Vec<Node>,
}

impl Graph {
    /// A graph whose root is the node that `build` returns.
    ///
    /// # Panics
    ///
    /// Panics if a reference is outside the table, or if the arguments of an object are not a tuple.
    pub fn build(build: impl FnOnce(&mut Builder) -> NodeId) -> Self {
        let mut builder = Builder::default();
        let root = build(&mut builder);
        let graph = Self {
            root,
            nodes: builder.nodes,
        };
        match graph.check() {
            Ok(()) => graph,
            Err(reason) => panic!("{reason}"),
        }
    }

    /// Returns the first reason why the table is not a graph, if there is one.
    pub(crate) fn check(&self) -> Result<(), String> {
        let length = self.nodes.len();
        if self.root >= length {
            return Err(format!(
                "the root is node {}, but there are {length} nodes",
                self.root
            ));
        }
        for (id, node) in self.nodes.iter().enumerate() {
            if let Some(outside) = node.references().find(|&id| id >= length) {
                return Err(format!(
                    "node {id} refers to node {outside}, but there are {length} nodes"
                ));
            }
            if let Node::Object(object) = node
                && !matches!(self.nodes[object.arguments], Node::Tuple(_))
            {
                return Err(format!("node {id} has arguments that are not a tuple"));
            }
        }
        Ok(())
    }

    /// `None`
    pub fn none() -> Self {
        Self::build(Builder::none)
    }

    /// `True` or `False`
    pub fn bool(value: bool) -> Self {
        Self::build(|b| b.bool(value))
    }

    /// `int`
    pub fn int(value: impl Into<BigInt>) -> Self {
        Self::build(|b| b.int(value))
    }

    /// Python 2 `long`
    pub fn long(value: impl Into<BigInt>) -> Self {
        Self::build(|b| b.long(value))
    }

    /// `float`
    pub fn float(value: f64) -> Self {
        Self::build(|b| b.float(value))
    }

    /// Python 2 `str`
    pub fn str(value: impl AsRef<[u8]>) -> Self {
        Self::build(|b| b.str(value))
    }

    /// Python 3 `bytes`
    pub fn bytes(value: impl AsRef<[u8]>) -> Self {
        Self::build(|b| b.bytes(value))
    }

    /// Python 2 `unicode`, Python 3 `str`
    pub fn unicode(value: impl Into<Text>) -> Self {
        Self::build(|b| b.unicode(value))
    }

    /// A `list` of objects that share nothing.
    pub fn list_of<'a>(elements: impl IntoIterator<Item = &'a Graph>) -> Self {
        Self::build(|b| {
            let elements = b.graphs(elements);
            b.list(elements)
        })
    }

    /// A `tuple` of objects that share nothing.
    pub fn tuple_of<'a>(elements: impl IntoIterator<Item = &'a Graph>) -> Self {
        Self::build(|b| {
            let elements = b.graphs(elements);
            b.tuple(elements)
        })
    }

    /// A `dict` of objects that share nothing.
    pub fn dict_of<'a>(pairs: impl IntoIterator<Item = (&'a Graph, &'a Graph)>) -> Self {
        Self::build(|b| {
            let pairs: Vec<_> = pairs
                .into_iter()
                .map(|(key, value)| (b.graph(key), b.graph(value)))
                .collect();
            b.dict(pairs)
        })
    }
}

impl Builder {
    /// Adds any node.
    pub fn node(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Adds all the nodes of another graph, and returns its root.
    pub fn graph(&mut self, graph: &Graph) -> NodeId {
        let offset = self.nodes.len();
        self.nodes
            .extend(graph.nodes.iter().cloned().map(|mut node| {
                node.each_reference_mut(|id| *id += offset);
                node
            }));
        graph.root + offset
    }

    fn graphs<'a>(&mut self, graphs: impl IntoIterator<Item = &'a Graph>) -> Vec<NodeId> {
        graphs.into_iter().map(|graph| self.graph(graph)).collect()
    }

    /// Replaces a node. This allows other nodes to refer to it before its content is known.
    pub fn replace(&mut self, id: NodeId, node: Node) {
        self.nodes[id] = node;
    }

    /// `None`
    pub fn none(&mut self) -> NodeId {
        self.node(Node::None)
    }

    /// `True` or `False`
    pub fn bool(&mut self, value: bool) -> NodeId {
        self.node(Node::Bool(value))
    }

    /// `int`
    pub fn int(&mut self, value: impl Into<BigInt>) -> NodeId {
        self.node(Node::Int(value.into()))
    }

    /// Python 2 `long`
    pub fn long(&mut self, value: impl Into<BigInt>) -> NodeId {
        self.node(Node::Long(value.into()))
    }

    /// `float`
    pub fn float(&mut self, value: f64) -> NodeId {
        self.node(Node::Float(Float::from(value)))
    }

    /// `complex`
    pub fn complex(&mut self, real: f64, imaginary: f64) -> NodeId {
        self.node(Node::Complex(Float::from(real), Float::from(imaginary)))
    }

    /// Python 2 `str`
    pub fn str(&mut self, value: impl AsRef<[u8]>) -> NodeId {
        self.node(Node::Str(value.as_ref().to_vec()))
    }

    /// Python 3 `bytes`
    pub fn bytes(&mut self, value: impl AsRef<[u8]>) -> NodeId {
        self.node(Node::Bytes(value.as_ref().to_vec()))
    }

    /// `bytearray`
    pub fn bytearray(&mut self, value: impl AsRef<[u8]>) -> NodeId {
        self.node(Node::ByteArray(value.as_ref().to_vec()))
    }

    /// Python 2 `unicode`, Python 3 `str`
    pub fn unicode(&mut self, value: impl Into<Text>) -> NodeId {
        self.node(Node::Unicode(value.into()))
    }

    /// `list`
    pub fn list(&mut self, elements: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.node(Node::List(elements.into_iter().collect()))
    }

    /// `tuple`
    pub fn tuple(&mut self, elements: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.node(Node::Tuple(elements.into_iter().collect()))
    }

    /// `set`
    pub fn set(&mut self, elements: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.node(Node::Set(elements.into_iter().collect()))
    }

    /// `frozenset`
    pub fn frozenset(&mut self, elements: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.node(Node::FrozenSet(elements.into_iter().collect()))
    }

    /// `dict`
    pub fn dict(&mut self, pairs: impl IntoIterator<Item = (NodeId, NodeId)>) -> NodeId {
        self.node(Node::Dict(pairs.into_iter().collect()))
    }

    /// A class or function by reference.
    pub fn global(&mut self, module: &str, name: &str) -> NodeId {
        self.node(Node::Global {
            module: module.to_owned(),
            name: name.to_owned(),
        })
    }

    /// An object made with a new tuple of arguments.
    pub fn object(
        &mut self,
        construction: Construction,
        callable: NodeId,
        arguments: impl IntoIterator<Item = NodeId>,
    ) -> NodeId {
        let arguments = self.tuple(arguments);
        self.node(Node::Object(Box::new(Object::new(
            construction,
            callable,
            arguments,
        ))))
    }

    /// The result of `cls.__new__(cls)`.
    pub fn instance(&mut self, class: NodeId) -> NodeId {
        self.object(Construction::New, class, [])
    }

    /// The result of `callable(*arguments)`.
    pub fn reduce(
        &mut self,
        callable: NodeId,
        arguments: impl IntoIterator<Item = NodeId>,
    ) -> NodeId {
        self.object(Construction::Call, callable, arguments)
    }

    /// Appends to a list, or to the items of an object.
    ///
    /// # Panics
    ///
    /// Panics if `to` is neither.
    pub fn append(&mut self, to: NodeId, element: NodeId) {
        match &mut self.nodes[to] {
            Node::List(elements) => elements.push(element),
            Node::Object(object) => object.items.push(element),
            other => panic!("nothing can be appended to {}", other.kind()),
        }
    }

    /// Adds a pair to a dict, or to the pairs of an object.
    ///
    /// # Panics
    ///
    /// Panics if `to` is neither.
    pub fn pair(&mut self, to: NodeId, key: NodeId, value: NodeId) {
        match &mut self.nodes[to] {
            Node::Dict(pairs) => pairs.push((key, value)),
            Node::Object(object) => object.pairs.push((key, value)),
            other => panic!("no item can be set in {}", other.kind()),
        }
    }

    /// Gives an object a state.
    ///
    /// # Panics
    ///
    /// Panics if `to` is not an object.
    pub fn state(&mut self, to: NodeId, state: NodeId) {
        match &mut self.nodes[to] {
            Node::Object(object) => object.state.push(state),
            other => panic!("{} takes no state", other.kind()),
        }
    }
}
