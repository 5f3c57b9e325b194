//! Builds a value, which is a tree, from the graph of objects, within the limits.

use serde_pickle::{HashableValue, Value};
use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Body, Item, Object};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// Builds the value of `root`. The tree may have at most `bytes` nodes plus `pickle_growth`.
pub(super) fn build(
    objects: &[Object<'_>],
    root: Item<'_>,
    bytes: usize,
    limits: &Limits,
) -> Result<Value> {
    if let Item::Object(index) = root {
        Measure {
            objects,
            limits,
            bytes: bytes as u64,
        }
        .check(index)?;
    }
    Builder { objects }.value(root, 0)
}

/// Measures the tree to which shared references expand, without expanding it.
struct Measure<'a, 'p> {
    objects: &'a [Object<'p>],
    limits: &'a Limits,
    bytes: u64,
}

#[derive(Clone, Copy)]
enum Visit {
    Unseen,
    /// The object lies on the path from the root: reaching it again means that it contains itself.
    Open,
    Done(Extent),
}

#[derive(Clone, Copy)]
struct Extent {
    /// The number of levels of nested containers.
    depth: usize,
    nodes: u64,
}

struct Step {
    index: usize,
    next: usize,
    extent: Extent,
}

impl Measure<'_, '_> {
    fn check(&self, root: usize) -> Result<()> {
        let mut visits = vec![Visit::Unseen; self.objects.len()];
        let mut path = vec![self.enter(root, 0, &mut visits)?];
        while let Some(step) = path.last_mut() {
            let object = &self.objects[step.index];
            let Some(item) = object.body.items().get(step.next) else {
                let (index, extent) = (step.index, step.extent);
                visits[index] = Visit::Done(extent);
                path.pop();
                if let Some(parent) = path.last_mut() {
                    self.add(parent, extent)?;
                }
                continue;
            };
            step.next += 1;
            let Item::Object(child) = *item else {
                let extent = Extent {
                    depth: 0,
                    nodes: weight(leaf_length(*item)),
                };
                self.add(step, extent)?;
                continue;
            };
            let level = path.len();
            match visits[child] {
                Visit::Done(extent) => {
                    self.check_depth(child, level + extent.depth)?;
                    self.add(&mut path[level - 1], extent)?;
                }
                Visit::Unseen => path.push(self.enter(child, level, &mut visits)?),
                Visit::Open => {
                    return Err(Error::Unrepresentable {
                        offset: self.objects[child].at,
                        reason: "an object that contains itself".to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    fn enter(&self, index: usize, level: usize, visits: &mut [Visit]) -> Result<Step> {
        visits[index] = Visit::Open;
        let (depth, length) = match &self.objects[index].body {
            Body::Bytes(bytes) => (0, bytes.len()),
            Body::Text(text) => (0, text.len()),
            Body::Long(integer) => (0, usize::try_from(integer.bits() / 8).unwrap_or(usize::MAX)),
            _ => (1, 0),
        };
        self.check_depth(index, level + depth)?;
        Ok(Step {
            index,
            next: 0,
            extent: Extent {
                depth,
                nodes: weight(length),
            },
        })
    }

    fn add(&self, step: &mut Step, child: Extent) -> Result<()> {
        step.extent.depth = step.extent.depth.max(child.depth + 1);
        step.extent.nodes = step.extent.nodes.saturating_add(child.nodes);
        if step.extent.nodes <= self.limits.pickle_growth.saturating_add(self.bytes) {
            return Ok(());
        }
        Err(Error::PickleLimit {
            limit: "pickle_growth",
            allowed: self.limits.pickle_growth,
            offset: self.objects[step.index].at,
        })
    }

    fn check_depth(&self, index: usize, depth: usize) -> Result<()> {
        if depth as u64 <= u64::from(self.limits.pickle_nesting) {
            return Ok(());
        }
        Err(Error::PickleLimit {
            limit: "pickle_nesting",
            allowed: self.limits.pickle_nesting.into(),
            offset: self.objects[index].at,
        })
    }
}

fn weight(length: usize) -> u64 {
    1 + length as u64 / 64
}

fn leaf_length(item: Item<'_>) -> usize {
    match item {
        Item::Bytes(bytes) => bytes.len(),
        Item::Text(text) => text.len(),
        _ => 0,
    }
}

struct Builder<'a, 'p> {
    objects: &'a [Object<'p>],
}

impl<'p> Builder<'_, 'p> {
    /// Recurses no deeper than [`Measure`] has allowed.
    fn value(&self, item: Item<'p>, at: usize) -> Result<Value> {
        Ok(match item {
            Item::None => Value::None,
            Item::Bool(value) => Value::Bool(value),
            Item::Int(value) => Value::I64(value),
            Item::Float(value) => Value::F64(value),
            Item::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            Item::Text(text) => Value::String(text.to_owned()),
            Item::Constructor(constructor) => {
                let class = constructor.name().to_owned();
                return Err(Error::NeedsClass { class, offset: at });
            }
            Item::Object(index) => {
                let Object { at, body } = &self.objects[index];
                self.object(body, *at)?
            }
        })
    }

    fn object(&self, body: &Body<'p>, at: usize) -> Result<Value> {
        Ok(match body {
            Body::List(items) => Value::List(self.values(items, at)?),
            Body::Tuple(items) => Value::Tuple(self.values(items, at)?),
            Body::Set(items) => Value::Set(self.members(items, at)?),
            Body::FrozenSet(items) => Value::FrozenSet(self.members(items, at)?),
            Body::Dict(items) => {
                let mut dict = BTreeMap::new();
                for pair in items.chunks_exact(2) {
                    dict.insert(self.hashable(pair[0], at)?, self.value(pair[1], at)?);
                }
                Value::Dict(dict)
            }
            Body::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Body::Text(text) => Value::String(text.clone()),
            Body::Long(integer) => Value::Int(integer.clone()),
        })
    }

    fn values(&self, items: &[Item<'p>], at: usize) -> Result<Vec<Value>> {
        items.iter().map(|item| self.value(*item, at)).collect()
    }

    /// Inserts the members one by one: collecting would sort them, which may panic, since NaN has
    /// no place in the order.
    fn members(&self, items: &[Item<'p>], at: usize) -> Result<BTreeSet<HashableValue>> {
        let mut members = BTreeSet::new();
        for item in items {
            members.insert(self.hashable(*item, at)?);
        }
        Ok(members)
    }

    fn hashable(&self, item: Item<'p>, at: usize) -> Result<HashableValue> {
        self.value(item, at)?
            .into_hashable()
            .map_err(|_| Error::NotAPickle {
                offset: at,
                reason: "a dict key or set member is not hashable".to_owned(),
            })
    }
}
