//! Compares how the suite and CPython read pickles, for hundreds of thousands of them.
//!
//! The pickles are objects, programs of opcodes, and damaged ones of either kind ([`case`]). CPython 3 runs in this
//! process, CPython 2.7 in a separate one ([`python3`], [`python2`]); neither imports anything for a pickle
//! (`python/witness.py`). The comparisons are in [`check`], and the known differences in [`known`].

mod arguments;
mod case;
mod check;
mod known;
mod mutation;
mod program;
mod python2;
mod python3;
mod shrink;
mod tally;
mod testimony;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use case::{Kind, pickle_of};
use check::{Agreement, Check, Subject};
use known::KNOWN;
use python2::Python2;
use python3::Python3;
use tally::{Tally, Unexplained};

const WITNESS: &str = include_str!("../python/witness.py");
const WITNESS_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/witness.py");
const ADAPTER_DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../python");
/// The number of pickles that are compared at a time.
const BATCH: u64 = 64;
/// The number of differences that are shrunk, which takes a few hundred comparisons for each.
const MOST_SHRUNK: usize = 40;

/// Compares how the suite and CPython read pickles.
#[derive(Parser)]
struct Options {
    /// The number of pickles to compare
    #[arg(long, default_value_t = 20_000)]
    cases: u64,
    /// The seed of the first case; each following case has the next seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Compare only pickles of this kind
    #[arg(long)]
    kind: Option<Kind>,
    /// The executable of CPython 2.7; without it, Python 2 is left out
    #[arg(long)]
    python2: Option<PathBuf>,
    /// Print each pickle before CPython reads it, in case CPython crashes
    #[arg(long)]
    verbose: bool,
}

struct Case {
    kind: Kind,
    seed: u64,
    pickle: Vec<u8>,
}

fn main() -> ExitCode {
    // Panics of serde-pickle are findings, not failures of this program.
    std::panic::set_hook(Box::new(|panic| {
        if !panic
            .location()
            .is_some_and(|at| at.file().contains("serde-pickle"))
        {
            eprintln!("{panic}");
        }
    }));
    match Oracle::start(Options::parse()).map(|mut oracle| oracle.run()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

struct Oracle {
    options: Options,
    python_3: Python3,
    python_2: Option<Python2>,
    tally: Tally,
}

impl Oracle {
    fn start(options: Options) -> std::io::Result<Self> {
        Ok(Self {
            python_2: options.python2.as_deref().map(Python2::start).transpose()?,
            python_3: Python3::start(),
            tally: Tally::default(),
            options,
        })
    }

    /// Whether all differences are known.
    fn run(&mut self) -> bool {
        println!("CPython {}", self.python_3.version.replace('\n', " "));
        println!(
            "{} cases from seed {}",
            self.options.cases, self.options.seed
        );
        let begun = Instant::now();
        let mut done = 0;
        while done < self.options.cases {
            let count = BATCH.min(self.options.cases - done);
            let batch: Vec<_> = (done..done + count)
                .map(|number| self.case(number))
                .collect();
            self.ask(&batch);
            done += count;
        }
        self.tally.print(begun.elapsed());
        self.tally.unexplained.is_empty()
    }

    fn case(&self, number: u64) -> Case {
        let seed = self.options.seed.wrapping_add(number);
        let kind = self.options.kind.unwrap_or(match seed % 10 {
            0 => Kind::Values,
            1 => Kind::Pickled,
            2..4 => Kind::Random,
            4..7 => Kind::Programs,
            _ => Kind::Mutations,
        });
        let pickle = pickle_of(kind, seed, &self.python_3);
        if self.options.verbose {
            eprintln!("{kind:?} {seed} b'{}'", pickle.escape_ascii());
        }
        Case { kind, seed, pickle }
    }

    /// Python 2 works on its answers while Python 3 does.
    fn ask(&mut self, batch: &[Case]) {
        let pickles: Vec<&[u8]> = batch.iter().map(|case| case.pickle.as_slice()).collect();
        if let Some(python_2) = &mut self.python_2 {
            python_2.ask(&pickles);
        }
        let of_python_3: Vec<_> = pickles
            .iter()
            .map(|pickle| self.python_3.testify(pickle))
            .collect();
        let of_python_2: Vec<_> = match &mut self.python_2 {
            Some(python_2) => python_2
                .answers(&pickles)
                .expect("Python 2 starts again")
                .into_iter()
                .map(Some)
                .collect(),
            None => pickles.iter().map(|_| None).collect(),
        };
        for (case, (python_3, python_2)) in batch.iter().zip(of_python_3.iter().zip(&of_python_2)) {
            self.tally.case(case.kind);
            let subject = Subject {
                pickle: &case.pickle,
                python_3,
                python_2: python_2.as_ref(),
            };
            for check in Check::ALL {
                self.judge(case, &subject, check);
            }
        }
    }

    fn judge(&mut self, case: &Case, subject: &Subject, check: Check) {
        let (short, detail) = match subject.check(check) {
            Agreement::Agreed => return self.tally.agreed(check),
            Agreement::NotCompared => return self.tally.not_compared(check),
            Agreement::Differed(short, detail) => (short, detail),
        };
        if let Some(entry) = explanation(subject, check, short, &detail) {
            return self.tally.known(entry, subject.pickle);
        }
        let sort = format!("{short} {}", sort_of(&detail));
        if let Some(group) = self.tally.unexplained.get_mut(&(check, sort.clone())) {
            group.count += 1;
            return;
        }
        let (smallest, detail) = if self.tally.unexplained.len() < MOST_SHRUNK {
            self.smallest(case, check, short, &sort, detail)
        } else {
            (case.pickle.clone(), detail)
        };
        let group = Unexplained {
            count: 1,
            smallest,
            kind: case.kind,
            seed: case.seed,
            detail,
        };
        self.tally.unexplained.insert((check, sort), group);
    }

    /// The smallest pickle that shows the same difference, and the details of it.
    fn smallest(
        &mut self,
        case: &Case,
        check: Check,
        short: &'static str,
        sort: &str,
        mut detail: String,
    ) -> (Vec<u8>, String) {
        let smallest = shrink::shrink(&case.pickle, |pickle| {
            let python_3 = self.python_3.testify(pickle);
            let python_2 = self
                .python_2
                .as_mut()
                .and_then(|python_2| python_2.testify(pickle).ok());
            let subject = Subject {
                pickle,
                python_3: &python_3,
                python_2: python_2.as_ref(),
            };
            match subject.check(check) {
                Agreement::Differed(still, now)
                    if still == short && format!("{still} {}", sort_of(&now)) == sort =>
                {
                    let unexplained = explanation(&subject, check, short, &now).is_none();
                    if unexplained {
                        detail = now;
                    }
                    unexplained
                }
                _ => false,
            }
        });
        (smallest, detail)
    }
}

fn explanation(subject: &Subject, check: Check, short: &str, detail: &str) -> Option<usize> {
    KNOWN
        .iter()
        .position(|known| known.check == check && (known.applies)(subject, short, detail))
}

/// The words of a difference, without those that depend on the pickle.
fn sort_of(detail: &str) -> String {
    let words = detail
        .split(|char: char| !char.is_ascii_alphabetic())
        .filter(|word| word.len() > 2);
    words.take(6).collect::<Vec<_>>().join(" ")
}
