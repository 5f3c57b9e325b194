//! The objects that classes and functions would make, and the operations on these objects.

use super::constructors::{Made, is_known, made_by};
use super::error::Reason;
use super::machine::Machine;
use super::opcode::Opcode;
use super::reading::Need;
use super::scan::Raw;
use crate::notation::{Construction, Node, NodeId, Object};

impl Machine<'_> {
    /// Carries out an instruction that needs a class, a function, or persistent ids.
    pub(super) fn object(&mut self, raw: &Raw) -> Result<(), Reason> {
        let opcode = raw.opcode;
        match opcode {
            Opcode::StackGlobal => {
                let name = self.memory.pop_name(opcode)?;
                let module = self.memory.pop_name(opcode)?;
                let global = self.global(module, name);
                self.memory.push_new(global)
            }
            Opcode::Inst => {
                let (module, name) = raw.lines();
                let module = self.reader.name(opcode, module)?;
                let name = self.reader.name(opcode, name)?;
                let arguments = self.memory.pop_to_mark(opcode)?;
                let arguments = self.memory.add(Node::Tuple(arguments))?;
                let class = self.global(module, name);
                let class = self.memory.add(class)?;
                self.push_object(Construction::Old, class, arguments)
            }
            Opcode::Obj => {
                let members = self.memory.pop_to_mark(opcode)?;
                let (&class, arguments) = members
                    .split_first()
                    .ok_or(Reason::StackUnderflow(opcode))?;
                self.check_callable(opcode, class)?;
                let arguments = self.memory.add(Node::Tuple(arguments.to_vec()))?;
                self.push_object(Construction::Old, class, arguments)
            }
            Opcode::NewObj => {
                let arguments = self.memory.pop_arguments(opcode)?;
                let class = self.pop_callable(opcode)?;
                self.push_object(Construction::New, class, arguments)
            }
            Opcode::NewObjEx => self.new_with_keywords(opcode),
            Opcode::Reduce => self.reduce(opcode),
            Opcode::Build => self.build(opcode),
            Opcode::BinPersId => {
                let id = self.memory.pop(opcode)?;
                self.need(Need::PersistentIds);
                self.memory.push_new(Node::Persistent(id))
            }
            Opcode::ReadonlyBuffer => {
                let top = self.memory.top(opcode)?;
                match self.node(top) {
                    Node::Buffer(_) | Node::Bytes(_) => Ok(()),
                    other => Err(Reason::Misapplied(opcode, other.kind())),
                }
            }
            _ => unreachable!("{} was handled before", opcode.name()),
        }
    }

    /// A class or function, which is recorded as needed unless the effect of calling it is known.
    pub(super) fn global(&mut self, module: String, name: String) -> Node {
        if !is_known(&module, &name, self.reader, self.announced) {
            self.need(Need::Global(format!("{module}.{name}")));
        }
        Node::Global { module, name }
    }

    fn reduce(&mut self, opcode: Opcode) -> Result<(), Reason> {
        let arguments = self.memory.pop_arguments(opcode)?;
        let callable = self.pop_callable(opcode)?;
        let Node::Tuple(members) = self.node(arguments) else {
            unreachable!("arguments are a tuple")
        };
        let known = match self.node(callable) {
            Node::Global { module, name } => is_known(module, name, self.reader, self.announced),
            _ => false,
        };
        let made = made_by(&self.memory.nodes, callable, members).filter(|_| known);
        match made {
            Some(Made::Value(node)) => {
                if let Node::ByteArray(bytes) = &node {
                    self.charge(bytes.len())?;
                }
                self.memory.push_new(node)
            }
            Some(Made::Bytes(bytes)) => {
                self.charge(bytes.len())?;
                self.memory.push_new(self.reader.bytes(bytes))
            }
            Some(Made::Set(empty, elements)) => {
                self.charge(elements.len())?;
                self.push_set(opcode, empty, &elements)
            }
            Some(Made::Instance { class, arguments }) => {
                self.charge(arguments.len())?;
                self.check_callable(opcode, class)?;
                let arguments = self.memory.add(Node::Tuple(arguments))?;
                self.push_object(Construction::New, class, arguments)
            }
            None => self.push_object(Construction::Call, callable, arguments),
        }
    }

    fn new_with_keywords(&mut self, opcode: Opcode) -> Result<(), Reason> {
        let keywords = self.memory.pop(opcode)?;
        let arguments = self.memory.pop_arguments(opcode)?;
        let class = self.pop_callable(opcode)?;
        match self.node(keywords) {
            Node::Dict(pairs) if pairs.is_empty() => {
                self.push_object(Construction::New, class, arguments)
            }
            Node::Dict(_) => {
                let callable = self.memory.add(Node::Global {
                    module: "copyreg".to_owned(),
                    name: "__newobj_ex__".to_owned(),
                })?;
                let arguments = Node::Tuple(vec![class, arguments, keywords]);
                let arguments = self.memory.add(arguments)?;
                self.push_object(Construction::Call, callable, arguments)
            }
            other => Err(Reason::Misapplied(opcode, other.kind())),
        }
    }

    /// Gives an object its state. Plain values have no state, but accept `None`.
    fn build(&mut self, opcode: Opcode) -> Result<(), Reason> {
        let state = self.memory.pop(opcode)?;
        let top = self.memory.top(opcode)?;
        let nothing = self.is_no_state(state);
        match &mut self.memory.nodes[top] {
            Node::Object(object) => object.state.push(state),
            other if is_callable(other) || !nothing => {
                return Err(Reason::Misapplied(opcode, other.kind()));
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the state is `None`, or a pair of `None` and no attributes.
    fn is_no_state(&self, state: NodeId) -> bool {
        match self.node(state) {
            Node::None => true,
            Node::Tuple(pair) => match pair.as_slice() {
                &[state, slots] => {
                    *self.node(state) == Node::None && *self.node(slots) == Node::Dict(Vec::new())
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn pop_callable(&mut self, opcode: Opcode) -> Result<NodeId, Reason> {
        let callable = self.memory.pop(opcode)?;
        self.check_callable(opcode, callable)?;
        Ok(callable)
    }

    fn check_callable(&self, opcode: Opcode, callable: NodeId) -> Result<(), Reason> {
        match self.node(callable) {
            node if is_callable(node) => Ok(()),
            other => Err(Reason::Misapplied(opcode, other.kind())),
        }
    }

    fn push_object(
        &mut self,
        construction: Construction,
        callable: NodeId,
        arguments: NodeId,
    ) -> Result<(), Reason> {
        // The result of this call is not known, even if the results of other calls of the class or function are.
        if let Node::Global { module, name } = &self.memory.nodes[callable]
            && self.called.insert(callable)
        {
            let need = Need::Global(format!("{module}.{name}"));
            self.need(need);
        }
        let object = Object::new(construction, callable, arguments);
        self.memory.push_new(Node::Object(Box::new(object)))
    }
}

/// Whether a node could be a class or function, as far as is known.
fn is_callable(node: &Node) -> bool {
    matches!(
        node,
        Node::Global { .. } | Node::Object(_) | Node::Persistent(_) | Node::Extension(_)
    )
}
