//! Counting the outcomes.

use std::collections::BTreeMap;
use std::time::Duration;

use processing_conformance::pickle;

use crate::case::Kind;
use crate::check::Check;
use crate::known::KNOWN;

#[derive(Default)]
pub(crate) struct Tally {
    kinds: BTreeMap<Kind, u64>,
    agreed: BTreeMap<Check, u64>,
    not_compared: BTreeMap<Check, u64>,
    known: BTreeMap<usize, (u64, Vec<u8>)>,
    pub(crate) unexplained: BTreeMap<(Check, String), Unexplained>,
}

/// The differences of one sort.
pub(crate) struct Unexplained {
    pub(crate) count: u64,
    pub(crate) smallest: Vec<u8>,
    pub(crate) kind: Kind,
    pub(crate) seed: u64,
    pub(crate) detail: String,
}

impl Tally {
    pub(crate) fn case(&mut self, kind: Kind) {
        *self.kinds.entry(kind).or_default() += 1;
    }

    pub(crate) fn agreed(&mut self, check: Check) {
        *self.agreed.entry(check).or_default() += 1;
    }

    pub(crate) fn not_compared(&mut self, check: Check) {
        *self.not_compared.entry(check).or_default() += 1;
    }

    pub(crate) fn known(&mut self, entry: usize, pickle: &[u8]) {
        let (count, smallest) = self
            .known
            .entry(entry)
            .or_insert_with(|| (0, pickle.to_vec()));
        *count += 1;
        if pickle.len() < smallest.len() {
            *smallest = pickle.to_vec();
        }
    }

    pub(crate) fn cases(&self) -> u64 {
        self.kinds.values().sum()
    }

    pub(crate) fn print(&self, elapsed: Duration) {
        for (kind, count) in &self.kinds {
            println!("{count:>9} {kind:?}");
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = self.cases() as f64 / elapsed.as_secs_f64() * 60.0;
        println!(
            "{:>9} cases in {elapsed:.0?}, {rate:.0} a minute\n",
            self.cases()
        );
        println!("   agreed   not compared   known   unexplained");
        for check in Check::ALL {
            let count =
                |counts: &BTreeMap<Check, u64>| counts.get(&check).copied().unwrap_or_default();
            let known: u64 = self
                .known
                .iter()
                .filter(|(entry, _)| KNOWN[**entry].check == check)
                .map(|(_, known)| known.0)
                .sum();
            let unexplained = self.unexplained.iter().filter(|((of, _), _)| *of == check);
            let unexplained: u64 = unexplained.map(|(_, group)| group.count).sum();
            println!(
                "{:>9} {:>14} {known:>7} {unexplained:>13}   {check:?}",
                count(&self.agreed),
                count(&self.not_compared)
            );
        }
        println!("\nKnown differences:");
        for (entry, known) in KNOWN.iter().enumerate() {
            let (count, smallest) = self.known.get(&entry).cloned().unwrap_or_default();
            println!(
                "{count:>9} {:?}: {}  b'{}'",
                known.check,
                known.reason,
                smallest.escape_ascii()
            );
        }
        for ((check, short), group) in &self.unexplained {
            println!(
                "\n{check:?}: {short}, {} times, first in {:?} with seed {}",
                group.count, group.kind, group.seed
            );
            println!("  {}", group.detail);
            println!("  b'{}'", group.smallest.escape_ascii());
            for line in pickle::annotate(&group.smallest).lines() {
                println!("  {line}");
            }
        }
    }
}
