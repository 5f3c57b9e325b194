//! The verdicts of `well_formed` and `loadable`, where they differ from each other and between unpicklers.

use crate::pickle::{Limits, Need, PickleError, Reading, Unpickler, loadable, read, well_formed};

fn loaded(pickle: &[u8], unpickler: Unpickler) -> Result<Reading, PickleError> {
    loadable(pickle, unpickler, &Limits::default())
}

/// Pickles, and whether each is accepted by `pickletools.dis`, cPickle of Python 2.7.18 and pickle of Python 3.13.
#[test]
fn verdicts_differ_where_the_verdicts_of_python_differ() {
    for (pickle, dis, python_2, python_3) in [
        (&b"N."[..], true, true, true),
        (b"NN.", false, true, true),
        (b"Np0\np0\n.", false, true, true),
        (b"Np1\nh\x01\x86.", true, false, true),
        (b"Np01\ng1\n\x86.", true, false, true),
        (b"(.", true, false, false),
        (b"N(.", false, true, false),
        (b"K\x01K\x02a.", true, false, false),
        (b"K\x01(e.", true, true, true),
        (b"}(Nu.", true, false, false),
        (b"(Nd.", true, true, false),
        (b"}]Ns.", true, false, false),
        (b"]K\x01aK\x00K\x02s.", true, true, true),
        (b"I010\n.", true, true, true),
        (b"I0x10\n.", false, true, true),
        (b"I02147483648\n.", true, false, false),
        (b"I12L\n.", false, true, false),
        (b"I1_0\n.", true, false, true),
        (b"F 1.5\n.", true, false, false),
        (b"F1e999\n.", true, false, false),
        (b"S'a' \n.", false, true, false),
        (b"U\x01\xff.", true, true, false),
        (b"\x80\x03N.", true, false, true),
        (b"C\x01a.", true, false, true),
        (b"NNb.", true, true, true),
        (b"N}b.", true, false, false),
        (b"K\x01)R.", true, false, false),
    ] {
        let verdicts = (
            well_formed(pickle).is_ok(),
            loaded(pickle, Unpickler::Python2).is_ok(),
            loaded(pickle, Unpickler::Python3).is_ok(),
        );
        let listing = pickle.escape_ascii();
        assert_eq!(verdicts, (dis, python_2, python_3), "{listing}");
    }
}

#[test]
fn each_python_makes_its_own_types() {
    let pickle = b"\x80\x02U\x01aL5L\n\x86.";
    let object = |unpickler| loaded(pickle, unpickler).unwrap().graph.to_string();
    assert_eq!(object(Unpickler::Python2), "('a', 5L)");
    assert_eq!(object(Unpickler::Python3), "(u'a', 5)");
}

#[test]
fn the_first_of_equal_keys_is_kept_with_the_last_value() {
    let dict = |pickle: &[u8]| read(pickle, &Limits::default()).unwrap().graph.to_string();
    assert_eq!(
        dict(b"}(K\x01I1\nG?\xf0\0\0\0\0\0\0I2\n\x88I3\nu."),
        "{1: 3}"
    );
    assert_eq!(
        dict(b"}(K\x01\x85NG?\xf0\0\0\0\0\0\0\x85\x88u."),
        "{(1,): True}"
    );
    assert_eq!(
        dict(b"}(U\x01aNX\x01\0\0\0a\x88C\x01a\x89u."),
        "{'a': True, b'a': False}"
    );
    let nan = b"G\x7f\xf8\0\0\0\0\0\0";
    let pickle = [b"\x80\x04(", &nan[..], b"2", nan, b"\x91."].concat();
    assert_eq!(dict(&pickle), "frozenset({NaN, NaN})");
}

/// Python takes exponential time to hash this key: twice as long for each additional tuple.
#[test]
fn a_key_of_shared_tuples_takes_no_time() {
    let pickle = [b"}N".to_vec(), b"2\x86".repeat(10_000), b"Ns.".to_vec()].concat();
    assert!(loaded(&pickle, Unpickler::Python3).is_ok());
}

#[test]
fn needs_are_listed_with_their_offsets() {
    let needs = |pickle: &[u8]| loaded(pickle, Unpickler::Python3).unwrap().needs;
    assert_eq!(needs(b"c__builtin__\nset\n]\x85R."), []);
    let set = Need::Global("__builtin__.set".into());
    assert_eq!(needs(b"c__builtin__\nset\nN\x85R."), [(19, set.clone())]);
    assert_eq!(needs(b"\x80\x03c__builtin__\nset\n]\x85R."), [(2, set)]);
    assert_eq!(
        needs(b"cos\nsystem\n0\x82\x07Pid\n\x97(cos\nsystem\n1N."),
        [
            (0, Need::Global("os.system".into())),
            (12, Need::Extension(7)),
            (14, Need::PersistentIds),
            (18, Need::Buffers),
        ]
    );
}

#[test]
fn well_formed_returns_the_length_and_the_protocol() {
    let verdict = well_formed(b"\x80\x04]\x94.rest").unwrap();
    assert_eq!((verdict.protocol, verdict.consumed), (4, 5));
    insta::assert_snapshot!(
        [
            &b"NN."[..],
            b"Np0\np00\n.",
            b"g7\n.",
            b"t.",
            b"(p1\n.",
            b"a.",
            b"N(\x85t."
        ]
        .map(|pickle| well_formed(pickle).unwrap_err().to_string())
        .join("\n")
    );
}
