//! Pickles that an attacker might send: the reference and the suite say what is wrong and where, with little work and
//! little memory.
//!
//! Work is counted, so that every run reaches the same verdict: the number of allocations and the bytes that they take,
//! including nodes of objects, may grow in proportion to the length of the pickle, but not faster. Peak memory has the
//! same limit for all pickles. Work that does not allocate is not counted; only its time is limited, to more than ten
//! times what the slowest answer takes without optimization. That still distinguishes linear from quadratic time.

use std::fmt::Write as _;
use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use processing_conformance::pickle::{
    Limits, Opcode, PickleError, Reading, Unpickler, annotate, disassemble, loadable, read,
    well_formed,
};
use processing_connection::{Error, Limits as ReferenceLimits, Value, object};

#[path = "hostile/inputs.rs"]
mod inputs;

/// The most bytes in use at once, above what was in use before, without the pickle itself.
const SPACE: u64 = 16 << 20;
/// The most processor time that an answer may take in the fastest of [`TRIES`] attempts.
const TIME: Duration = Duration::from_secs(5);
/// The number of attempts in total, if an answer takes longer.
const TRIES: usize = 3;

#[test]
fn hostile_pickles_are_answered_with_little_work_and_memory() {
    let mut answers = String::new();
    let mut costs = Costs::default();
    for (name, make) in inputs::INPUTS {
        judge(name, &make(), &mut answers, &mut costs);
    }
    for opcode in Opcode::ALL {
        let name = format!("empty-stack/{}", opcode.name());
        judge(
            &name,
            &inputs::on_empty_stack(*opcode),
            &mut answers,
            &mut costs,
        );
    }
    println!("{}", costs.table());
    costs.check();
    insta::assert_snapshot!("answers", answers);
    cut_anywhere();
}

/// The name of a reader of pickles, and a function that gives its answer in one line.
type Judge = (&'static str, fn(&[u8]) -> String);

const JUDGES: &[Judge] = &[
    ("loads", |pickle| {
        match object::loads(pickle, &ReferenceLimits::default()) {
            Ok(value) => format!("a value: {}", kind(&value)),
            Err(error) => error.to_string(),
        }
    }),
    ("disassemble", |pickle| {
        match disassemble(pickle).find_map(Result::err) {
            None => "instructions".to_owned(),
            Some(error) => error.to_string(),
        }
    }),
    ("annotate", |pickle| {
        let listing = annotate(pickle);
        listing.lines().last().unwrap_or_default().trim().to_owned()
    }),
    ("well_formed", |pickle| match well_formed(pickle) {
        Ok(_) => "well formed".to_owned(),
        Err(error) => error.to_string(),
    }),
    ("read", |pickle| said(read(pickle, &Limits::default()))),
    ("Python 2", |pickle| {
        said(loadable(pickle, Unpickler::Python2, &Limits::default()))
    }),
    ("Python 3", |pickle| {
        said(loadable(pickle, Unpickler::Python3, &Limits::default()))
    }),
];

fn kind(value: &Value) -> String {
    match value {
        Value::None => "None".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::Int(value) => format!("an integer of {} bits", value.bits()),
        Value::F64(value) => value.to_string(),
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Value::String(text) => format!("text of {} bytes", text.len()),
        Value::List(items) => format!("a list of {}", items.len()),
        Value::Tuple(items) => format!("a tuple of {}", items.len()),
        Value::Set(items) => format!("a set of {}", items.len()),
        Value::FrozenSet(items) => format!("a frozenset of {}", items.len()),
        Value::Dict(items) => format!("a dict of {}", items.len()),
    }
}

fn said(reading: Result<Reading, PickleError>) -> String {
    match reading {
        Ok(reading) => {
            let mut said = format!("an object: {}", shortened(&reading.graph.python(60)));
            for (at, need) in reading.needs.iter().take(2) {
                write!(said, ", needs {need} at byte {at}").expect("a String takes any text");
            }
            said
        }
        Err(error) => error.to_string(),
    }
}

fn judge(name: &str, pickle: &[u8], answers: &mut String, costs: &mut Costs) {
    writeln!(answers, "{name} ({} bytes)", pickle.len()).expect("a String takes any text");
    for (judge, ask) in JUDGES {
        let mut answer = String::new();
        let mut time = Duration::MAX;
        let mut work = AllocationInfo::default();
        for _ in 0..TRIES {
            let start = spent();
            work = measure(|| answer = ask(pickle));
            time = time.min(spent().saturating_sub(start));
            if time <= TIME {
                break;
            }
        }
        assert!(
            answer.len() < 400,
            "{name}, {judge}: {} bytes",
            answer.len()
        );
        writeln!(answers, "    {judge:<12} {answer}").expect("a String takes any text");
        costs.0.push(Cost {
            name: name.to_owned(),
            judge,
            length: pickle.len() as u64,
            allocations: work.count_total,
            allocated: work.bytes_total,
            space: work.bytes_max,
            time,
        });
    }
}

/// The processor time that this thread has used.
#[cfg(unix)]
fn spent() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("processor time is not negative")
}

/// Safe code has no such clock on Windows. There the time includes what other programs take.
#[cfg(not(unix))]
fn spent() -> Duration {
    static BEGINNING: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    BEGINNING.elapsed()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

#[derive(Default)]
struct Costs(Vec<Cost>);

/// The cost of one answer.
struct Cost {
    name: String,
    judge: &'static str,
    /// The length of the pickle, in bytes.
    length: u64,
    /// How often memory was allocated.
    allocations: u64,
    /// The number of bytes allocated in total.
    allocated: u64,
    /// The most bytes in use at once.
    space: u64,
    time: Duration,
}

impl Cost {
    /// The limit is a constant for short pickles, and a share for each byte of the pickle. It is four times the cost of
    /// the most expensive input, like the limit on [the bytes](Self::most_allocated).
    const fn most_allocations(&self) -> u64 {
        1000 + 8 * self.length
    }

    const fn most_allocated(&self) -> u64 {
        (1 << 20) + 1000 * self.length
    }

    fn is_over(&self) -> bool {
        self.allocations > self.most_allocations()
            || self.allocated > self.most_allocated()
            || self.space > SPACE
            || self.time > TIME
    }
}

impl Costs {
    /// The largest cost of each kind, for each judge.
    fn table(&self) -> String {
        let mut table = String::new();
        for (judge, _) in JUDGES {
            let largest = |of: fn(&Cost) -> u64| {
                let own = self.0.iter().filter(|cost| cost.judge == *judge);
                own.max_by_key(|cost| of(cost)).expect("there are inputs")
            };
            let allocations = largest(|cost| cost.allocations * 1000 / (cost.length + 1000));
            let allocated = largest(|cost| cost.allocated / (cost.length + 1000));
            let space = largest(|cost| cost.space);
            let slowest = largest(|cost| u64::try_from(cost.time.as_nanos()).unwrap_or(u64::MAX));
            writeln!(
                table,
                "{judge:<12} {} allocations for {} bytes ({}), {} bytes allocated for {} ({}), {} KiB at once ({}), \
                 {:.2?} ({})",
                allocations.allocations,
                allocations.length,
                allocations.name,
                allocated.allocated,
                allocated.length,
                allocated.name,
                space.space / 1024,
                space.name,
                slowest.time,
                slowest.name,
            )
            .expect("a String takes any text");
        }
        table
    }

    fn check(&self) {
        let mut over = String::new();
        for cost in self.0.iter().filter(|cost| cost.is_over()) {
            writeln!(
                over,
                "{}, {}: {} of {} allocations, {} of {} bytes allocated, {} of {SPACE} bytes at once, \
                 {:.1?} of {TIME:?}",
                cost.name,
                cost.judge,
                cost.allocations,
                cost.most_allocations(),
                cost.allocated,
                cost.most_allocated(),
                cost.space,
                cost.time,
            )
            .expect("a String takes any text");
        }
        assert!(over.is_empty(), "over a limit:\n{over}");
    }
}

/// A pickle that is cut off is invalid, and the error is at the cut or before it.
fn cut_anywhere() {
    for pickle in inputs::WHOLE {
        object::loads(pickle, &ReferenceLimits::default()).expect("it is whole");
        for end in 0..pickle.len() {
            let cut = &pickle[..end];
            match object::loads(cut, &ReferenceLimits::default()) {
                Err(Error::NotAPickle { offset, .. }) => assert!(offset <= end),
                other => panic!("{other:?} of {cut:?}"),
            }
            let errors = [
                disassemble(cut).find_map(Result::err),
                well_formed(cut).err(),
                read(cut, &Limits::default()).err(),
                loadable(cut, Unpickler::Python3, &Limits::default()).err(),
            ];
            for error in errors {
                assert!(error.is_some_and(|error| error.offset <= end), "{cut:?}");
            }
        }
    }
}
