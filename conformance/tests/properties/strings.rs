//! Random strings, for proptest.

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// The bytes of a string.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 64;
        let Self(bytes) = self;
        let (shown, more) = match bytes.get(..SHOWN) {
            Some(shown) => (shown, "…"),
            None => (bytes.as_slice(), ""),
        };
        write!(f, "{} bytes: {}{more}", bytes.len(), hex::encode(shown))
    }
}

/// Strings of any bytes. Most lengths are near those at which an implementation of the era changes its behaviour: at 0,
/// at the 1024-byte buffer of 0.20 with and without the header, and at 16 KiB, below which 0.33 and later write
/// a message in one piece.
pub(crate) fn string() -> impl Strategy<Value = Bytes> {
    let length = prop_oneof![
        Just(0),
        Just(1),
        1016..=1032usize,
        16_380..=16_388usize,
        0..5000usize
    ];
    prop_oneof![
        vec(any::<u8>(), 0..32),
        (length, any::<u64>()).prop_map(|(length, seed)| noise(seed, length)),
    ]
    .prop_map(Bytes)
}

/// Several strings, and the places at which the stream that carries them is cut.
pub(crate) fn strings_in_segments(
    overhead: usize,
) -> impl Strategy<Value = (Vec<Bytes>, Vec<usize>)> {
    let cuts = vec(any::<Index>(), 0..8);
    (vec(string(), 1..4), cuts).prop_map(move |(strings, cuts)| {
        let stream: usize = strings
            .iter()
            .map(|Bytes(bytes)| overhead + bytes.len())
            .sum();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream + 1)).collect();
        cuts.sort_unstable();
        (strings, cuts)
    })
}

/// Bytes without a pattern, so that no two segments can change places unnoticed. All are zero for the seed 0, to
/// which examples shrink.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(length).collect()
}
