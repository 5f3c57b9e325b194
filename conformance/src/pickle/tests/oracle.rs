//! Findings of the oracle (conformance/oracle), each with the version of Python that showed it.

use crate::pickle::{Limits, Need, Unpickler, loadable};

fn object(pickle: &[u8], unpickler: Unpickler) -> String {
    let reading = loadable(pickle, unpickler, &Limits::default());
    reading.map_or_else(
        |error| error.to_string(),
        |reading| reading.graph.to_string(),
    )
}

/// 3.13.0 reads the bytes before the NUL, which may be none, and recognizes a bool by the length of the line. 2.7.18
/// reads the first one as a `long`.
#[test]
fn an_int_ends_at_a_nul_in_python_3() {
    assert_eq!(object(b"I0\0\n.", Unpickler::Python3), "False");
    assert_eq!(object(b"I0\0\n.", Unpickler::Python2), "0L");
    assert_eq!(object(b"I2\0\n.", Unpickler::Python3), "2");
    assert_eq!(object(b"I\0\n.", Unpickler::Python3), "0");
    assert_eq!(object(b"I\0\0\n.", Unpickler::Python3), "False");
}

/// 3.13.0 calls `_codecs.encode` for `INST`, which fails with these arguments.
#[test]
fn a_constructor_is_needed_if_it_is_not_called_in_its_usual_form() {
    let needs = |pickle: &[u8]| {
        let reading = loadable(pickle, Unpickler::Python3, &Limits::default());
        reading.unwrap().needs
    };
    let encode = Need::Global("_codecs.encode".into());
    assert_eq!(needs(b"(NNi_codecs\nencode\n."), [(3, encode)]);
    let set = Need::Global("builtins.set".into());
    assert_eq!(needs(b"cbuiltins\nset\n)\x81."), [(15, set.clone())]);
    assert_eq!(needs(b"(cbuiltins\nset\no."), [(15, set)]);
}
