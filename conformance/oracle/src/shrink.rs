//! Shrinking pickles while they show the same difference.

use processing_conformance::pickle;

/// Leaves out instructions, and then bytes, as long as `still` holds.
pub(crate) fn shrink(pickle: &[u8], mut still: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
    let mut smallest = pickle.to_vec();
    loop {
        let before = smallest.len();
        smallest = without(smallest, instructions, &mut still);
        smallest = without(smallest, |pickle| (0..=pickle.len()).collect(), &mut still);
        if smallest.len() == before {
            return smallest;
        }
    }
}

/// Leaves out runs of pieces, beginning with long ones.
fn without(
    mut smallest: Vec<u8>,
    pieces: fn(&[u8]) -> Vec<usize>,
    still: &mut impl FnMut(&[u8]) -> bool,
) -> Vec<u8> {
    let mut run = pieces(&smallest).len();
    while run > 0 {
        let mut first = 0;
        loop {
            let edges = pieces(&smallest);
            let (Some(&from), Some(&to)) = (edges.get(first), edges.get(first + run)) else {
                break;
            };
            let candidate = [&smallest[..from], &smallest[to..]].concat();
            if still(&candidate) {
                smallest = candidate;
            } else {
                first += 1;
            }
        }
        run /= 2;
    }
    smallest
}

/// The offsets of the instructions, and the end of the pickle.
fn instructions(pickle: &[u8]) -> Vec<usize> {
    let read = pickle::disassemble(pickle).map_while(Result::ok);
    let mut edges: Vec<_> = read.map(|instruction| instruction.offset).collect();
    edges.push(pickle.len());
    edges
}
