//! The vectors that are recorded from every peer.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::context::pattern;
use crate::context::setting::Role;
use crate::notation::{Graph, Node, NodeId};
use crate::objects;
use crate::testee::message::Hello;
use crate::vectors::Bytes;
use crate::vectors::handshake::SCHEME;
use crate::wire::handshake::Scheme;

/// The limits on recorded objects. Larger ones would need megabytes, and show nothing that smaller ones do not.
const MOST_NODES: usize = 1100;
const LONGEST_ATOM: usize = 1100;
/// Kinds of large objects, for which `bulk` contains smaller ones.
const LEFT_OUT: &[&str] = &["batches", "nesting"];
/// The powers of two around which a `long` is recorded: the limit of an `int`, and the limit between `LONG1` and
/// `LONG4`.
const POWERS: &[&str] = &["63", "2039"];

/// What to record for one vector.
pub(super) enum Task {
    /// An object that is sent.
    Object(Cow<'static, Graph>),
    /// A string that is sent.
    String(Bytes),
    /// A handshake in which the peer plays this role.
    Handshake(Role, Ends),
}

/// The two ends of a handshake.
pub(super) struct Ends {
    /// The key of the peer.
    pub(super) key: Bytes,
    /// The key of the recorder.
    pub(super) other_key: Bytes,
    /// Whether the recorder accepts any answer.
    pub(super) impostor: bool,
}

/// Everything that is recorded from a peer with these claims and this handshake, by id.
pub(super) fn plan(claims: &Hello, handshake: Option<Scheme>) -> BTreeMap<String, Task> {
    let objects = objects::all()
        .filter(|(kind, name, object)| is_recorded(kind, name, object))
        .filter_map(|(kind, name, object)| {
            let (world, object) = of_its_python(claims, object)?;
            let id = format!("object/{world}{kind}/{name}");
            Some((id, Task::Object(object)))
        });
    let strings = strings()
        .into_iter()
        .map(|(name, payload)| (format!("string/{name}"), Task::String(payload)));
    let handshakes = match handshake {
        Some(SCHEME) => handshakes(),
        None | Some(_) => Vec::new(),
    };
    objects.chain(strings).chain(handshakes).collect()
}

/// An object with the types of the peer's Python, or `None` if it does not have them. An object that has other types in
/// Python 3 than in Python 2 gets another name.
fn of_its_python(
    claims: &Hello,
    object: &'static Graph,
) -> Option<(&'static str, Cow<'static, Graph>)> {
    let (world, object) = match (claims.python, claims.lacks(object)) {
        (_, None) => ("", Cow::Borrowed(object)),
        (Some(3), Some(_)) => ("python-3/", Cow::Owned(claims.in_its_types(object))),
        _ => return None,
    };
    let is_had = claims.lacks(&object).is_none();
    (is_had && (claims.python != Some(3) || has_order_in_python_3(&object)))
        .then_some((world, object))
}

fn is_recorded(kind: &str, name: &str, object: &Graph) -> bool {
    let is_extra_power = name
        .trim_start_matches('-')
        .strip_prefix("2**")
        .is_some_and(|power| kind == "long" && !POWERS.contains(&power.trim_end_matches("-1")));
    !LEFT_OUT.contains(&kind) && !is_extra_power && is_small(object) && is_ordered(object)
}

fn is_small(object: &Graph) -> bool {
    let is_short = |node: &Node| match node {
        Node::Str(bytes) => bytes.len() <= LONGEST_ATOM,
        Node::Unicode(text) => text.as_surrogatepass().len() <= LONGEST_ATOM,
        _ => true,
    };
    object.nodes.len() <= MOST_NODES && object.nodes.iter().all(is_short)
}

/// Whether all sets and dicts have the same order in every process of Python 2. The hash of `None`, classes and
/// instances depends on their address in memory.
fn is_ordered(object: &Graph) -> bool {
    let by_place = |node: &Node| matches!(node, Node::None | Node::Global { .. } | Node::Object(_));
    let by_value = |id: NodeId| !reaches(object, &[id], by_place);
    object.nodes.iter().all(|node| match node {
        Node::Dict(pairs) => pairs.len() < 2 || pairs.iter().all(|(key, _)| by_value(*key)),
        Node::Set(members) | Node::FrozenSet(members) => {
            members.len() < 2 || members.iter().all(|member| by_value(*member))
        }
        _ => true,
    })
}

/// Whether all sets have the same order in every process of Python 3, where the hashes of `str` and `bytes` are random.
/// (A dict has the order of insertion.)
fn has_order_in_python_3(object: &Graph) -> bool {
    let is_salted = |node: &Node| matches!(node, Node::Unicode(_) | Node::Bytes(_));
    object.nodes.iter().all(|node| match node {
        Node::Set(members) | Node::FrozenSet(members) => {
            members.len() < 2 || !reaches(object, members, is_salted)
        }
        _ => true,
    })
}

/// Whether a predicate is true for any node that can be reached from these.
fn reaches(object: &Graph, from: &[NodeId], is_so: impl Fn(&Node) -> bool) -> bool {
    let mut pending = from.to_vec();
    while let Some(id) = pending.pop() {
        if is_so(&object.nodes[id]) {
            return true;
        }
        pending.extend(object.nodes[id].references());
    }
    false
}

/// Strings around the sizes of buffers, and strings that could be mistaken for something else.
fn strings() -> Vec<(String, Bytes)> {
    let every: Vec<u8> = (0..=u8::MAX).collect();
    let mut strings: Vec<(String, Bytes)> = [
        ("empty", &b""[..]),
        ("letter", b"a"),
        ("nul", b"\0"),
        ("newlines", b"a\nb\r\n"),
        ("every-byte", &every),
        ("like-a-header", b"\x05\0\0\0"),
        ("like-a-pickle", b"\x80\x02K*."),
        ("like-a-challenge", b"#CHALLENGE:01234567890123456789"),
    ]
    .map(|(name, bytes)| (name.to_owned(), Bytes::plain(bytes)))
    .into();
    for length in [255, 1024, 8192, 16_383, 16_384, 16_385, 65_535, 65_536] {
        let string = Bytes::fill(pattern::bytes(pattern::PERIOD), length);
        strings.push((format!("length-{length}"), string));
    }
    strings
}

/// Handshakes in both roles: with keys of every length that HMAC treats differently, and with a wrong key.
fn handshakes() -> Vec<(String, Task)> {
    let plain = |bytes: &[u8]| Bytes::plain(bytes);
    let of_length = |length| Bytes::fill(*b"a key ", length);
    let every: Vec<u8> = (0..=u8::MAX).rev().collect();
    let right = [
        ("right-key", plain(b"a key for the suite")),
        ("key-of-1-byte", plain(b"k")),
        ("key-of-64-bytes", of_length(64)),
        ("key-of-65-bytes", of_length(65)),
        ("key-of-1000-bytes", of_length(1000)),
        ("key-of-every-byte", plain(&every)),
    ];
    let wrong = |impostor| Ends {
        key: plain(b"a key for the suite"),
        other_key: plain(b"another key"),
        impostor,
    };
    let mut tasks = Vec::new();
    for role in [Role::Listener, Role::Client] {
        let mut add = |name: &str, ends| {
            tasks.push((
                format!("handshake/{role}/{name}"),
                Task::Handshake(role, ends),
            ));
        };
        for (name, key) in &right {
            add(
                name,
                Ends {
                    key: key.clone(),
                    other_key: key.clone(),
                    impostor: false,
                },
            );
        }
        add("wrong-key", wrong(false));
        if role == Role::Client {
            add("impostor", wrong(true));
        }
    }
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::matching;

    fn plan_of(peer: &str) -> BTreeMap<String, Task> {
        let peer = matching(peer)[0];
        plan(&peer.claims(), peer.dialect.handshake)
    }

    #[test]
    fn the_number_of_vectors_is_suitable_for_cases() {
        let count = plan_of("processing-0.20-c").len();
        assert!((150..=210).contains(&count), "{count}");
    }

    #[test]
    fn python_3_has_other_types_under_other_ids() {
        let plan = plan_of("multiprocessing-3.14");
        let object = |id: &str| match &plan[id] {
            Task::Object(object) => object.python(100),
            _ => panic!("{id} is not an object"),
        };
        assert_eq!(object("object/python-3/long/255"), "255");
        assert_eq!(object("object/python-3/str/letter"), "b'a'");
        assert!(!plan.contains_key("object/long/255"));
        assert!(plan.contains_key("object/order/dict-of-unicodes"));
        // Its order would be different in each process.
        assert!(!plan.contains_key("object/python-3/order/set-of-strs"));
        assert!(plan_of("multiprocessing-2.7").contains_key("object/order/set-of-strs"));
    }

    #[test]
    fn objects_without_a_constant_order_are_left_out() {
        let plan = plan_of("processing-0.52-c");
        assert!(!plan.contains_key("object/dict/keys-of-many-types"));
        assert!(plan.contains_key("object/order/dict-of-many-types"));
        assert!(!plan.contains_key("object/str/65536-bytes"));
        assert!(plan.contains_key("handshake/client/impostor"));
    }
}
