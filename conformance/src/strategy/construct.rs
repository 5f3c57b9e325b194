//! Constructs a table of nodes from plans.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::sample::Index;

use super::{Kept, Plan};
use crate::notation::{Construction, Graph, Node, NodeId, Object};

/// The size above which a tree is neither a key nor a value of profile `serde`. Copies of shared objects count.
const LARGEST_TREE: usize = 500;

/// The table, and the properties of the objects in it.
#[derive(Default)]
pub(super) struct Construct {
    nodes: Vec<Node>,
    /// One object for each plan.
    objects: Vec<Known>,
}

#[derive(Clone, Copy)]
struct Known {
    id: NodeId,
    /// A hash that is the same for objects that Python considers equal, and for some others. `None` if the object is
    /// not hashable.
    equality: Option<u64>,
    /// The size of the object as a tree, as far as it is known.
    size: usize,
}

impl Construct {
    /// Immutable objects refer to those before them; mutable ones refer to any, if they may recur. The root holds every
    /// object to which nothing else refers, unless the object's plan says that it may be left out.
    pub(super) fn all(mut self, plans: &[(Plan, Kept)], recursive: bool) -> Graph {
        for (plan, _) in plans {
            let (node, equality, size) = self.immutable(plan);
            self.nodes.push(node);
            self.objects.push(Known {
                id: self.nodes.len() - 1,
                equality,
                size,
            });
            if !recursive {
                self.fill(self.objects.len() - 1, plan, self.objects.len() - 1);
            }
        }
        if recursive {
            for (place, (plan, _)) in plans.iter().enumerate() {
                self.fill(place, plan, self.objects.len());
            }
        }
        let referred: HashSet<_> = self.nodes.iter().flat_map(Node::references).collect();
        let mut roots = self
            .objects
            .iter()
            .zip(plans)
            .filter(|(object, (_, kept))| *kept && !referred.contains(&object.id))
            .map(|(object, _)| object.id);
        let root = match (roots.next(), roots.next()) {
            (Some(only), None) => only,
            (None, _) => self.objects[0].id,
            (Some(first), Some(second)) => {
                let all = [first, second].into_iter().chain(roots).collect();
                self.add(Node::List(all))
            }
        };
        Graph {
            root,
            nodes: self.nodes,
        }
        .compact()
    }

    /// The node of a plan, with its equality and its size. Mutable nodes are still empty.
    fn immutable(&mut self, plan: &Plan) -> (Node, Option<u64>, usize) {
        match plan {
            Plan::Atom(atom) => (atom.clone(), equality(atom), 1),
            Plan::List(_) => (Node::List(Vec::new()), None, 1),
            Plan::Set(_) => (Node::Set(Vec::new()), None, 1),
            Plan::Dict(_) => (Node::Dict(Vec::new()), None, 1),
            Plan::Tuple(links) => {
                let members: Vec<_> = self.choose(links, self.objects.len());
                let equalities: Option<Vec<_>> =
                    members.iter().map(|member| member.equality).collect();
                let size = size(&members);
                let equality = equalities
                    .filter(|_| size < LARGEST_TREE)
                    .map(|all| hash(&("tuple", all)));
                (Node::Tuple(ids(&members)), equality, size)
            }
            Plan::FrozenSet(links) => {
                let members = self.choose_keys(links, self.objects.len());
                let mut equalities: Vec<_> = members.iter().map(|member| member.equality).collect();
                equalities.sort_unstable();
                let equality = Some(hash(&("frozenset", equalities)));
                (Node::FrozenSet(ids(&members)), equality, size(&members))
            }
            &Plan::Date { year, month, day } => {
                let [high, low] = year.to_be_bytes();
                let state = self.add(Node::Str(vec![high, low, month, day]));
                let date = self.object(Construction::Call, "datetime", "date", vec![state]);
                (date, Some(hash(&("date", year, month, day))), 1)
            }
            Plan::DefaultDict(_) => {
                let factory = self.global("__builtin__", "list");
                (
                    self.object(
                        Construction::Call,
                        "collections",
                        "defaultdict",
                        vec![factory],
                    ),
                    None,
                    1,
                )
            }
            Plan::Namespace(_) => (
                self.object(Construction::New, "argparse", "Namespace", Vec::new()),
                None,
                1,
            ),
            Plan::UserDict(_) => (
                self.object(Construction::Old, "UserDict", "UserDict", Vec::new()),
                None,
                1,
            ),
        }
    }

    /// Fills a mutable object with some of the first `among` objects.
    fn fill(&mut self, place: usize, plan: &Plan, among: usize) {
        let id = self.objects[place].id;
        match plan {
            Plan::List(links) => {
                let members = self.choose(links, among);
                self.objects[place].size = size(&members);
                self.nodes[id] = Node::List(ids(&members));
            }
            Plan::Set(links) => {
                let members = self.choose_keys(links, among);
                self.objects[place].size = size(&members);
                self.nodes[id] = Node::Set(ids(&members));
            }
            Plan::Dict(links) | Plan::DefaultDict(links) => {
                let (keys, values): (Vec<_>, Vec<_>) = links.iter().copied().unzip();
                let (keys, values) = (self.choose_keys(&keys, among), self.choose(&values, among));
                self.objects[place].size = size(&keys).saturating_add(size(&values));
                let pairs = keys
                    .iter()
                    .zip(&values)
                    .map(|(key, value)| (key.id, value.id))
                    .collect();
                match &mut self.nodes[id] {
                    Node::Object(object) => object.pairs = pairs,
                    dict => *dict = Node::Dict(pairs),
                }
            }
            Plan::Namespace(links) => {
                let values = self.choose(links, among);
                self.fill_attributes(id, &["alpha", "beta", "gamma"], &values);
            }
            Plan::UserDict(link) => {
                let values = self.choose(&[*link], among);
                self.fill_attributes(id, &["data"], &values);
            }
            Plan::Atom(_) | Plan::Tuple(_) | Plan::FrozenSet(_) | Plan::Date { .. } => {}
        }
    }

    fn fill_attributes(&mut self, id: NodeId, names: &[&str], values: &[Known]) {
        let pairs = names
            .iter()
            .zip(values)
            .map(|(name, value)| (self.add(Node::Str(name.as_bytes().to_vec())), value.id))
            .collect();
        let state = self.add(Node::Dict(pairs));
        if let Node::Object(object) = &mut self.nodes[id] {
            object.state.push(state);
        }
    }

    /// Some of the first `among` objects, which together do not exceed the size limit of a tree.
    fn choose(&self, links: &[Index], among: usize) -> Vec<Known> {
        if among == 0 {
            return Vec::new();
        }
        let mut room = LARGEST_TREE;
        let fits = |object: &Known| {
            let left = room.checked_sub(object.size);
            room = left.unwrap_or(room);
            left.is_some()
        };
        links
            .iter()
            .map(|link| self.objects[link.index(among)])
            .filter(fits)
            .collect()
    }

    /// Some of the first `among` objects that are hashable, no two of them equal.
    fn choose_keys(&self, links: &[Index], among: usize) -> Vec<Known> {
        let mut seen = HashSet::new();
        let mut chosen = self.choose(links, among);
        chosen.retain(|object| {
            object
                .equality
                .is_some_and(|equality| seen.insert(equality))
        });
        chosen
    }

    fn object(
        &mut self,
        construction: Construction,
        module: &str,
        name: &str,
        arguments: Vec<NodeId>,
    ) -> Node {
        let callable = self.global(module, name);
        let arguments = self.add(Node::Tuple(arguments));
        Node::Object(Box::new(Object::new(construction, callable, arguments)))
    }

    fn global(&mut self, module: &str, name: &str) -> NodeId {
        self.add(Node::Global {
            module: module.into(),
            name: name.into(),
        })
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() - 1
    }
}

fn ids(objects: &[Known]) -> Vec<NodeId> {
    objects.iter().map(|object| object.id).collect()
}

fn size(members: &[Known]) -> usize {
    members
        .iter()
        .map(|member| member.size)
        .fold(1, usize::saturating_add)
}

/// Compares numbers by value and strings by their bytes, whatever their types. The result is `None` for NaN and for
/// atoms that are not hashable.
fn equality(atom: &Node) -> Option<u64> {
    let number = |real: f64, imaginary: f64| {
        let same_zero = |part: f64| (part + 0.0).to_bits();
        let is_number = !real.is_nan() && !imaginary.is_nan();
        is_number.then(|| hash(&("number", same_zero(real), same_zero(imaginary))))
    };
    match atom {
        Node::Bool(value) => number(f64::from(u8::from(*value)), 0.0),
        Node::Int(value) | Node::Long(value) => number(value.to_string().parse().ok()?, 0.0),
        Node::Float(value) => number(value.value(), 0.0),
        Node::Complex(real, imaginary) => number(real.value(), imaginary.value()),
        Node::Str(bytes) => Some(hash(&("string", bytes.as_slice()))),
        Node::Unicode(text) => Some(hash(&("string", text.as_surrogatepass()))),
        Node::Global { module, name } => Some(hash(&("global", module, name))),
        Node::None => Some(hash(&"none")),
        _ => None,
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
