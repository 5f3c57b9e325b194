//! Whether two pickles mean the same, judged only by their instructions: no object is made from them.

use std::collections::{BTreeMap, BTreeSet};

use processing_conformance::pickle::{Argument, Opcode, disassemble};

/// An instruction, without the choices that picklers have.
#[derive(Clone, Debug, PartialEq)]
enum Plain {
    /// An object is put into the memo, with this number. Only objects that are used again are counted.
    Put(usize),
    /// An object is taken from the memo, with the number of its put.
    Get(usize),
    /// Any other instruction: the opcode, and its argument as text.
    Other(Opcode, String),
}

/// Whether two pickles differ only in ways that have no meaning:
///
/// - the protocol that is announced, up to the highest one of the reader;
/// - the memo slot of an object, and objects in the memo that are never used;
/// - whether a string, a number or a class, which have no identity, is taken from the memo or written again;
/// - the bits of a NaN.
pub(crate) fn is_same_pickle(one: &[u8], other: &[u8], highest: u8) -> bool {
    match (plain(one, highest), plain(other, highest)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// The instructions of a pickle, if it ends with the last byte and does not announce a higher protocol.
fn plain(pickle: &[u8], highest: u8) -> Option<Vec<Plain>> {
    let mut instructions = Vec::new();
    // The number of the last put for each memo slot, and the object if it is an atom.
    let mut places: BTreeMap<u64, (usize, Option<Plain>)> = BTreeMap::new();
    let mut puts = 0;
    let mut disassembly = disassemble(pickle);
    for instruction in disassembly.by_ref() {
        let instruction = instruction.ok()?;
        match (instruction.opcode, instruction.argument) {
            (Opcode::Proto, Argument::Unsigned(protocol)) if protocol <= highest.into() => {}
            (Opcode::BinPut | Opcode::LongBinPut | Opcode::Memoize, argument) => {
                let place = match argument {
                    Argument::Unsigned(place) => place,
                    _ => places.len() as u64,
                };
                let atom = instructions.last().filter(|last| is_atom(last)).cloned();
                places.insert(place, (puts, atom));
                instructions.push(Plain::Put(puts));
                puts += 1;
            }
            (Opcode::BinGet | Opcode::LongBinGet, Argument::Unsigned(place)) => {
                match places.get(&place)? {
                    (_, Some(atom)) => instructions.push(atom.clone()),
                    (put, None) => instructions.push(Plain::Get(*put)),
                }
            }
            (opcode, Argument::Float(value)) if value.value().is_nan() => {
                instructions.push(Plain::Other(opcode, "nan".into()));
            }
            (opcode, argument) => {
                instructions.push(Plain::Other(opcode, format!("{argument:?}")));
            }
        }
    }
    if disassembly.position() != pickle.len() {
        return None;
    }
    Some(without_idle_puts(instructions))
}

fn is_atom(instruction: &Plain) -> bool {
    use Opcode::{BinString, BinUnicode, Global, ShortBinString};
    matches!(
        instruction,
        Plain::Other(ShortBinString | BinString | BinUnicode | Global, _)
    )
}

/// Drops the puts that nothing uses, and renumbers the others.
fn without_idle_puts(instructions: Vec<Plain>) -> Vec<Plain> {
    let got: BTreeSet<usize> = instructions
        .iter()
        .filter_map(|instruction| match instruction {
            Plain::Get(put) => Some(*put),
            _ => None,
        })
        .collect();
    let number = |put: usize| got.range(..put).count();
    instructions
        .into_iter()
        .filter_map(|instruction| match instruction {
            Plain::Put(put) if !got.contains(&put) => None,
            Plain::Put(put) => Some(Plain::Put(number(put))),
            Plain::Get(put) => Some(Plain::Get(number(put))),
            other @ Plain::Other(..) => Some(other),
        })
        .collect()
}

#[test]
fn memo_slots_have_no_meaning_but_their_objects_do() {
    let is_same_pickle = |one: &[u8], other: &[u8]| is_same_pickle(one, other, 2);
    let list = b"\x80\x02]q\x01(]q\x02h\x02e.";
    assert!(is_same_pickle(list, b"\x80\x02]q\x07(]q\x09h\x09e."));
    assert!(is_same_pickle(list, b"\x80\x01](]q\x02h\x02e."));
    assert!(!is_same_pickle(list, b"\x80\x02]q\x01(]q\x02h\x01e."));
    assert!(!is_same_pickle(list, b"\x80\x02]q\x01(]q\x02]e."));
    assert!(!is_same_pickle(list, b"\x80\x03]q\x01(]q\x02h\x02e."));
    assert!(is_same_pickle(
        b"(U\x02abq\x01h\x01t.",
        b"(U\x02abU\x02abt."
    ));
    assert!(!is_same_pickle(b"U\x02ab.", b"U\x02ac."));
}

#[test]
fn python_3_uses_memoize_and_announces_later_protocols() {
    let list = b"\x80\x04]\x94(]\x94h\x01e.";
    assert!(is_same_pickle(list, b"\x80\x05]q\x00(]q\x07h\x07e.", 5));
    assert!(!is_same_pickle(list, b"\x80\x04]\x94(]\x94h\x00e.", 5));
    assert!(!is_same_pickle(list, b"\x80\x05]\x94(]\x94h\x01e.", 4));
}
