//! How fast pickles are taken apart and read, and what memory that takes.
//!
//! Three pickles of 100 MB each, as cPickle writes them in protocol 2: small ints in a list, a dict of short
//! strings, one blob. Each round has everybody read the same bytes, one after the other; the medians are shown.
//! What must be: 200 MB/s for the disassembler on the first two, and at most three times the input as its peak,
//! the input included.
//!
//! `cargo bench --package processing-conformance --bench disassembly [-- --megabytes 100 --rounds 5]`

use std::hint::black_box;
use std::time::Instant;

use clap::Parser;
use processing_conformance::pickle::{Limits, disassemble, read, well_formed};

#[derive(Parser)]
struct Arguments {
    /// The size of each pickle.
    #[arg(long, default_value_t = 100)]
    megabytes: usize,
    /// How often everybody reads it.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let Arguments {
        megabytes, rounds, ..
    } = Arguments::parse();
    let size = megabytes * 1_000_000;
    println!("pickle                                    MB/s   peak memory / input");
    for (name, make) in PICKLES {
        let pickle = make(size);
        for (reader, run) in READERS {
            let (speed, peak) = measure(&pickle, rounds, *run);
            println!("{name:<24} {reader:<12} {speed:>8.0}  {peak:>20.2}");
        }
    }
}

type Writer = fn(usize) -> Vec<u8>;

const PICKLES: &[(&str, Writer)] = &[
    ("small ints in a list", small_ints),
    ("dict of short strings", short_strings),
    ("one blob", blob),
];

type Reader = fn(&[u8]);

const READERS: &[(&str, Reader)] = &[
    ("disassemble", |pickle| {
        for instruction in disassemble(pickle) {
            let _ = black_box(instruction.expect("it is a pickle"));
        }
    }),
    ("well_formed", |pickle| {
        black_box(well_formed(pickle).expect("it is a pickle"));
    }),
    ("read", |pickle| {
        let limits = Limits {
            nodes: usize::MAX,
            stack: usize::MAX,
            memo: usize::MAX,
            ..Limits::default()
        };
        black_box(read(pickle, &limits).expect("it is a pickle"));
    }),
];

/// The median in MB/s, and the peak of memory by the size of the pickle, which is in memory itself.
fn measure(pickle: &[u8], rounds: usize, run: Reader) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2**53")]
    let size = pickle.len() as f64;
    // The pickle itself is in memory already.
    let peak = allocation_counter::measure(|| run(pickle)).bytes_max;
    let mut speeds: Vec<f64> = (0..rounds.max(1))
        .map(|_| {
            let began = Instant::now();
            run(pickle);
            size / began.elapsed().as_secs_f64() / 1e6
        })
        .collect();
    speeds.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2**53")]
    let peak = (peak + pickle.len() as u64) as f64;
    (speeds[speeds.len() / 2], peak / size)
}

/// `[0, 1, …, 255, 256, …, 999, 0, 1, …]`
fn small_ints(size: usize) -> Vec<u8> {
    let mut pickle = b"\x80\x02]q\x01".to_vec();
    pickle.reserve(size + 4000);
    while pickle.len() < size {
        pickle.push(b'(');
        for value in 0..1000u16 {
            if let Ok(byte) = u8::try_from(value) {
                pickle.extend([b'K', byte]);
            } else {
                pickle.push(b'M');
                pickle.extend(value.to_le_bytes());
            }
        }
        pickle.push(b'e');
    }
    pickle.push(b'.');
    pickle
}

/// `{'k0': 'v0', 'k1': 'v1', …}`, each string with its place in the memo
fn short_strings(size: usize) -> Vec<u8> {
    let mut pickle = b"\x80\x02}q\x01".to_vec();
    pickle.reserve(size + 40_000);
    let mut place = 1u32;
    let mut pair = 0;
    while pickle.len() < size {
        pickle.push(b'(');
        for _ in 0..1000 {
            for kind in ["k", "v"] {
                let string = format!("{kind}{pair}");
                pickle.extend([b'U', u8::try_from(string.len()).expect("it is short")]);
                pickle.extend(string.bytes());
                place += 1;
                if let Ok(byte) = u8::try_from(place) {
                    pickle.extend([b'q', byte]);
                } else {
                    pickle.push(b'r');
                    pickle.extend(place.to_le_bytes());
                }
            }
            pair += 1;
        }
        pickle.push(b'u');
    }
    pickle.push(b'.');
    pickle
}

/// One `str`
fn blob(size: usize) -> Vec<u8> {
    let mut pickle = b"\x80\x02T".to_vec();
    pickle.reserve(size + 10);
    pickle.extend(u32::try_from(size).expect("less than 4 GB").to_le_bytes());
    pickle.resize(pickle.len() + size, 0xa5);
    pickle.extend(b"q\x01.");
    pickle
}
