//! `run`: runs cases against testees.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use processing_conformance::report::json::json;
use processing_conformance::report::junit::junit;
use processing_conformance::report::terminal::terminal;
use processing_conformance::report::{Occasion, Report};
use processing_conformance::run::deviation::Deviations;
use processing_conformance::run::plan::Selection;
use processing_conformance::run::{
    ResolveError, Resolver, RunError, Runner, SelectionError, Testee,
};

use super::args::{Format, RunArguments};
use super::{FAILED, GOOD, INTERRUPTED, NOTHING_RUN, NOTHING_SELECTED, Refusal, print};

pub(super) fn run(arguments: &RunArguments) -> Result<u8, Refusal> {
    let runner = runner(arguments)?;

    let occasion = Occasion::begin(std::env::args_os());
    let judges = runner.judges()?;
    let progress = progress(&runner.testees, judges.executions(), arguments.format);
    let runs = judges.run(&|_| progress.inc(1));
    progress.finish_and_clear();
    let results = Report::of(&runs?, occasion);
    report(arguments, &results)?;

    if runner.interrupted.load(Ordering::Relaxed) {
        return Err(Refusal {
            code: INTERRUPTED,
            message: "interrupted before everything was run".into(),
        });
    }
    let summary = &results.summary;
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
    let added = added_deviations(&arguments.deviations)?;
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
        deadline: arguments.deadline,
        jobs: arguments.jobs,
        interrupted: on_interrupt(),
        // The suite's own deviations are always valid. Reading them takes a moment, during which an interrupt must
        // already be handled.
        deviations: Deviations::known().and(added),
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

/// Returns the suite's own deviations and those of files.
pub(super) fn deviations(files: &[PathBuf]) -> Result<Deviations, Refusal> {
    Ok(Deviations::known().and(added_deviations(files)?))
}

/// Returns the deviations of files, or the reason why a file is rejected.
fn added_deviations(files: &[PathBuf]) -> Result<Deviations, Refusal> {
    files.iter().try_fold(Deviations::default(), |added, path| {
        let named =
            |error: &dyn std::fmt::Display| Refusal::usage(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
        Ok(added.and(Deviations::parse(&text).map_err(|error| named(&error))?))
    })
}

/// Returns a flag that an interrupt sets. The run then ends early, and ends everything that it started.
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

/// Returns a progress bar that takes one line, however many testees there are.
fn progress(testees: &[Testee], executions: usize, format: Format) -> ProgressBar {
    // The bar is drawn on standard error, and only if standard error is a terminal.
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

fn report(arguments: &RunArguments, report: &Report) -> Result<(), Refusal> {
    print(&match arguments.format {
        Format::Terminal => terminal(report, arguments.strict),
        Format::Json => json(report),
        Format::Junit => junit(report).map_err(Refusal::usage)?,
    });
    Ok(())
}
