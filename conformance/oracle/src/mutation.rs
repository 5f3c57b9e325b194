//! Damage to valid pickles.

/// Changes a few places of a pickle. Bytes that are spliced in come from another one.
pub(crate) fn mutate(rng: &mut fastrand::Rng, pickle: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..rng.usize(1..4) {
        if pickle.is_empty() {
            return;
        }
        let at = rng.usize(..pickle.len());
        match rng.u8(..6) {
            0 => pickle[at] ^= 1 << rng.u8(..8),
            1 => pickle[at] = rng.u8(..),
            2 => pickle.insert(at, rng.u8(..)),
            3 => pickle.truncate(at),
            4 => {
                let end = (at + rng.usize(1..8)).min(pickle.len());
                pickle.drain(at..end);
            }
            _ => {
                let from = rng.usize(..other.len().max(1)).min(other.len());
                let to = (from + rng.usize(1..20)).min(other.len());
                pickle.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
}
