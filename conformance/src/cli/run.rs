//! `run`: cases against testees.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use processing_conformance::report::json::Report;
use processing_conformance::report::{Subject, junit, terminal};
use processing_conformance::run::deviation::Deviations;
use processing_conformance::run::plan::Selection;
use processing_conformance::run::verdict::{Row, Summary};
use processing_conformance::run::{
    ResolveError, Resolver, Run, RunError, Runner, SelectionError, Testee,
};

use super::args::{Format, RunArguments};
use super::{FAILED, GOOD, INTERRUPTED, NOTHING_RUN, NOTHING_SELECTED, Refusal, print};

pub(super) fn run(arguments: &RunArguments) -> Result<u8, Refusal> {
    let runner = runner(arguments)?;

    let began = Instant::now();
    let judges = runner.judges()?;
    let progress = progress(&runner.testees, judges.executions(), arguments.format);
    let runs = judges.run(&|_| progress.inc(1));
    progress.finish_and_clear();
    let subjects = subjects(runs?);
    report(arguments, &subjects, began.elapsed())?;

    if runner.interrupted.load(Ordering::Relaxed) {
        return Err(Refusal {
            code: INTERRUPTED,
            message: "interrupted before everything was run".into(),
        });
    }
    let summary = Summary::of(rows(&subjects));
    Ok(if !summary.is_success(arguments.strict) {
        FAILED
    } else if summary.executed() == 0 {
        NOTHING_RUN
    } else {
        GOOD
    })
}

fn runner(arguments: &RunArguments) -> Result<Runner, Refusal> {
    let selection = Selection {
        patterns: arguments.cases.clone(),
        families: arguments.family.clone(),
        dialects: arguments.dialect.clone(),
    };
    // Mistakes on the command line are reported before anything is installed.
    selection.check().map_err(RunError::from)?;
    let deviations = deviations(&arguments.deviations)?;
    let resolver = Resolver {
        supply: arguments.store.supply(),
        dialects: arguments.dialect.clone(),
        deadline: arguments.deadline,
        wait: arguments.wait,
    };
    Ok(Runner {
        testees: resolver.testees(&arguments.testee)?,
        counterpart: resolver.counterpart(&arguments.counterpart)?,
        selection,
        deviations,
        deadline: arguments.deadline,
        jobs: arguments.jobs,
        interrupted: on_interrupt(),
    })
}

impl From<ResolveError> for Refusal {
    fn from(error: ResolveError) -> Self {
        Self::usage(error)
    }
}

impl From<RunError> for Refusal {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Selection(SelectionError::NoCase(_)) | RunError::NothingSelected(_) => Self {
                code: NOTHING_SELECTED,
                message: error.to_string(),
            },
            RunError::Selection(SelectionError::WithoutFraming(_)) | RunError::Scratch(_) => {
                Self::usage(error)
            }
        }
    }
}

/// The runs as reports take them.
fn subjects(runs: Vec<Run>) -> Vec<(Subject, Run)> {
    let subject = |run: Run| {
        let subject = Subject {
            name: run.testee.clone(),
            hello: run.claims.clone(),
        };
        (subject, run)
    };
    runs.into_iter().map(subject).collect()
}

fn rows(subjects: &[(Subject, Run)]) -> impl Iterator<Item = &Row> {
    subjects
        .iter()
        .flat_map(|(_, run)| &run.judgements)
        .map(|judgement| &judgement.row)
}

/// The suite's own deviations and those of files.
pub(super) fn deviations(files: &[PathBuf]) -> Result<Deviations, Refusal> {
    files.iter().try_fold(Deviations::known(), |known, path| {
        let named =
            |error: &dyn std::fmt::Display| Refusal::usage(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
        Ok(known.and(Deviations::parse(&text).map_err(|error| named(&error))?))
    })
}

/// A flag that an interrupt sets, so that the run ends early and with it everything that it started.
fn on_interrupt() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&interrupted);
    // If the handler cannot be set, an interrupt ends the process as it does by default.
    let _ = ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
    });
    interrupted
}

/// A progress bar of one line, however many testees there are.
fn progress(testees: &[Testee], executions: usize, format: Format) -> ProgressBar {
    // It draws on standard error, and only if that is a terminal.
    let progress =
        ProgressBar::with_draw_target(Some(executions as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}")
        .expect("the template is well-formed");
    progress.set_style(style);
    progress.set_message(match testees {
        [only] => only.name().to_owned(),
        several => format!("{} testees", several.len()),
    });
    if format == Format::Terminal {
        progress.enable_steady_tick(Duration::from_millis(200));
    }
    progress
}

fn report(
    arguments: &RunArguments,
    subjects: &[(Subject, Run)],
    took: Duration,
) -> Result<(), Refusal> {
    match arguments.format {
        Format::Terminal => print(&terminal::report(
            subjects,
            took.as_secs_f64(),
            arguments.strict,
        )),
        Format::Json => print(&Report::of(rows(subjects).cloned().collect()).to_text()),
        Format::Junit => {
            let rows: Vec<Row> = rows(subjects).cloned().collect();
            print(&junit::junit(&rows).map_err(Refusal::usage)?);
        }
    }
    Ok(())
}
