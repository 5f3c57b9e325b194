//! Pickles that somebody would send to do harm: the reference and the suite say what is wrong and where, in 50 ms
//! and 16 MiB each.
//!
//! Memory is counted by the allocator, above what there was before, without the pickle itself. Time is that of the
//! processor in this thread, best of five: what else runs on the machine does not count. The 50 ms are those of a build
//! with optimizations; one without gets twenty times as many, which still tells linear from quadratic. They are also
//! those of the machine that the yardstick was measured on: a slower one gets as many more as it takes longer for that.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use peak_alloc::PeakAlloc;
use processing_conformance::pickle::{
    Limits, Opcode, PickleError, Reading, Unpickler, annotate, disassemble, loadable, read,
    well_formed,
};
use processing_connection::{Error, Limits as ReferenceLimits, Value, object};

#[path = "hostile/inputs.rs"]
mod inputs;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The best of so many counts.
const TRIES: usize = 5;
const TIME: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1000 } else { 50 });
/// What [`yardstick`] takes where [`TIME`] holds as it is.
const YARDSTICK: Duration = Duration::from_millis(if cfg!(debug_assertions) { 60 } else { 12 });
/// Bytes.
const SPACE: usize = 16 << 20;

// One test, so that nothing else allocates while it measures.
#[test]
fn hostile_pickles_are_answered_in_little_time_and_space() {
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

/// Who is asked, and how. Each answers in a line.
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
        let mut cost = Cost {
            name: name.to_owned(),
            judge,
            time: Duration::MAX,
            limit: TIME,
            space: 0,
        };
        let mut answer = String::new();
        for _ in 0..TRIES {
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            let start = spent();
            answer = ask(pickle);
            cost.time = cost.time.min(spent().saturating_sub(start));
            cost.space = MEMORY.peak_usage().saturating_sub(before);
            if cost.time <= cost.limit {
                break;
            }
            cost.limit = cost.limit.max(TIME.mul_f64(slowness()));
        }
        assert!(
            answer.len() < 400,
            "{name}, {judge}: {} bytes",
            answer.len()
        );
        writeln!(answers, "    {judge:<12} {answer}").expect("a String takes any text");
        costs.0.push(cost);
    }
}

/// What the processor did for this thread so far.
#[cfg(unix)]
fn spent() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a thread does not run backwards")
}

/// Windows has no such clock for safe code: there, the rest of the machine counts, too.
#[cfg(not(unix))]
fn spent() -> Duration {
    static BEGINNING: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    BEGINNING.elapsed()
}

/// How much longer than where [`TIME`] holds this machine takes at the moment, once at least.
fn slowness() -> f64 {
    let start = spent();
    black_box(yardstick());
    spent()
        .saturating_sub(start)
        .div_duration_f64(YARDSTICK)
        .max(1.0)
}

/// A fixed amount of what reading a pickle is: small pieces of memory, and maps of many.
fn yardstick() -> usize {
    let pieces: HashMap<usize, Vec<usize>> = (0..100_000).map(|at| (at, vec![at; 4])).collect();
    (0..100_000)
        .map(|at| pieces[&(at * 7919 % 100_000)][at % 4])
        .sum()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

#[derive(Default)]
struct Costs(Vec<Cost>);

struct Cost {
    name: String,
    judge: &'static str,
    time: Duration,
    /// What the time may be at most.
    limit: Duration,
    space: usize,
}

impl Costs {
    /// The dearest for each who is asked.
    fn table(&self) -> String {
        let mut table = String::new();
        for (judge, _) in JUDGES {
            let all = || self.0.iter().filter(|cost| cost.judge == *judge);
            let slowest = all()
                .max_by_key(|cost| cost.time)
                .expect("there are inputs");
            let largest = all()
                .max_by_key(|cost| cost.space)
                .expect("there are inputs");
            writeln!(
                table,
                "{judge:<12} {:>8.2} ms ({}), {:>6} KiB ({})",
                slowest.time.as_secs_f64() * 1e3,
                slowest.name,
                largest.space / 1024,
                largest.name,
            )
            .expect("a String takes any text");
        }
        table
    }

    fn check(&self) {
        let mut over = String::new();
        for cost in self
            .0
            .iter()
            .filter(|cost| cost.time > cost.limit || cost.space > SPACE)
        {
            let (time, limit, space) = (cost.time, cost.limit, cost.space / 1024);
            writeln!(
                over,
                "{}, {}: {time:.1?} of {limit:.1?}, {space} of {} KiB",
                cost.name,
                cost.judge,
                SPACE / 1024
            )
            .expect("a String takes any text");
        }
        assert!(over.is_empty(), "too dear:\n{over}");
    }
}

/// No pickle can be cut anywhere and still be one, and it ends where it was cut, or in the instruction that was.
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
