//! `run`: cases against testees.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use processing_conformance::cases::catalogue;
use processing_conformance::context::failure::Failure;
use processing_conformance::context::setting::{Spoken, spoken_names};
use processing_conformance::report::json::json;
use processing_conformance::report::junit::junit;
use processing_conformance::report::terminal::terminal;
use processing_conformance::report::{Occasion, Report, Subject};
use processing_conformance::run::deviation::Deviations;
use processing_conformance::run::plan::{Execution, Selection, plan, plan_bare};
use processing_conformance::run::verdict::Verdict;
use processing_conformance::run::{Health, Judgement, Party, Run, Series, Stage, run as run_all};
use processing_conformance::testee::Testee;
use processing_conformance::testee::message::Hello;
use processing_conformance::testee::session::Trouble;

use processing_connection::Family;

use super::args::{Format, RunArguments};
use super::target::{Target, assumed_claims, contradiction};
use super::{FAILED, GOOD, INTERRUPTED, NOTHING_RUN, NOTHING_SELECTED, Refusal, print};

pub(super) fn run(arguments: &RunArguments) -> Result<u8, Refusal> {
    let selection = selection(arguments)?;
    let added = added_deviations(&arguments.deviations)?;
    let targets = targets(arguments)?;
    let counterpart = counterpart(arguments)?;
    let interrupted = on_interrupt();
    // The suite's own are always valid. Reading them takes a moment, in which an interrupt must be noticed already.
    let deviations = Deviations::known().and(added);

    let occasion = Occasion::begin(std::env::args_os());
    let prepared = prepare(&targets, &selection, arguments);
    let subjects = judge(
        &prepared,
        &counterpart,
        &deviations,
        arguments,
        &interrupted,
    )?;
    if subjects.iter().all(|(_, run)| run.judgements.is_empty()) {
        return Err(nothing_selected(arguments, &subjects));
    }
    let results = Report::of(&subjects, occasion);
    report(arguments, &results)?;

    if interrupted.load(Ordering::Relaxed) {
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

fn selection(arguments: &RunArguments) -> Result<Selection, Refusal> {
    let selection = Selection {
        patterns: arguments.cases.clone(),
        families: arguments.family.clone(),
        dialects: arguments.dialect.clone(),
    };
    let piped = |asked: &&Spoken| asked.family == Family::Pipe;
    if let (Some(asked), Some(family)) = (
        arguments.dialect.iter().find(piped),
        arguments.family.first(),
    ) && !arguments.family.contains(&Family::Pipe)
    {
        return Err(contradiction(*asked, *family));
    }
    // A word that selects nothing is a mistake, also beside words that do.
    for pattern in &arguments.cases {
        let alone = Selection {
            patterns: vec![pattern.clone()],
            ..Selection::default()
        };
        if !catalogue().any(|case| alone.could_take(case)) {
            return Err(Refusal {
                code: NOTHING_SELECTED,
                message: format!(
                    "no case matches `{pattern}`; `processing-conformance list` shows what there is"
                ),
            });
        }
    }
    Ok(selection)
}

/// The suite's own deviations and those of files.
pub(super) fn deviations(files: &[PathBuf]) -> Result<Deviations, Refusal> {
    Ok(Deviations::known().and(added_deviations(files)?))
}

/// The deviations of files, or the reason why a file is refused.
fn added_deviations(files: &[PathBuf]) -> Result<Deviations, Refusal> {
    files.iter().try_fold(Deviations::default(), |added, path| {
        let named =
            |error: &dyn std::fmt::Display| Refusal::usage(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
        Ok(added.and(Deviations::parse(&text).map_err(|error| named(&error))?))
    })
}

fn targets(arguments: &RunArguments) -> Result<Vec<Target>, Refusal> {
    let mut targets = Vec::new();
    let mut names = BTreeSet::new();
    for testee in &arguments.testee {
        for target in Target::all(testee, arguments)? {
            if names.insert(target.name()) {
                targets.push(target);
            }
        }
    }
    Ok(targets)
}

fn counterpart(arguments: &RunArguments) -> Result<Target, Refusal> {
    if matches!(
        arguments.counterpart,
        Testee::Connect(_) | Testee::Listen(_)
    ) {
        return Err(Refusal::usage(
            "a counterpart needs an adapter: say reference, peer:NAME or exec:COMMAND",
        ));
    }
    let mut found = Target::all(&arguments.counterpart, arguments)?;
    match (found.pop(), found.pop()) {
        (Some(only), None) => Ok(only),
        _ => Err(Refusal::usage("there can be only one counterpart")),
    }
}

/// Set when the user has had enough: sessions end, and everything that was started is ended with them.
fn on_interrupt() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&interrupted);
    // Failing to listen for it only means that an interrupt ends the process as it always does.
    let _ = ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
    });
    interrupted
}

/// A target with all that is to be run against it.
struct Prepared<'t> {
    target: &'t Target,
    subject: Subject,
    executions: Vec<Execution>,
    sister: Option<Target>,
    /// Why it cannot be run.
    obstacle: Option<Obstacle>,
}

enum Obstacle {
    Absent(String),
    NeverStarted(Trouble),
}

fn prepare<'t>(
    targets: &'t [Target],
    selection: &Selection,
    arguments: &RunArguments,
) -> Vec<Prepared<'t>> {
    let prepare_one = |target: &'t Target| {
        let Planned {
            hello,
            executions,
            trouble,
        } = plan_for(target, selection, arguments.deadline);
        Prepared {
            target,
            subject: Subject {
                name: target.name(),
                hello,
            },
            executions,
            sister: target.sister(&arguments.store),
            obstacle: match target {
                Target::Absent(_, reason) => Some(Obstacle::Absent(reason.clone())),
                _ => trouble.map(Obstacle::NeverStarted),
            },
        }
    };
    targets.iter().map(prepare_one).collect()
}

/// Judges all of them as one run.
fn judge(
    prepared: &[Prepared<'_>],
    counterpart: &Target,
    deviations: &Deviations,
    arguments: &RunArguments,
    interrupted: &AtomicBool,
) -> Result<Vec<(Subject, Run)>, Refusal> {
    let patience = arguments.deadline;
    let party = |target| party(target, patience);
    let series: Vec<Series<'_>> = prepared
        .iter()
        .map(|prepared| {
            let is_bare = matches!(prepared.target, Target::Bare(..));
            Series {
                stage: Stage {
                    name: prepared.subject.name.clone(),
                    testee: (!is_bare).then(|| party(prepared.target)),
                    counterpart: Some(party(counterpart)),
                    sister: prepared.sister.as_ref().map(party),
                    deviations: deviations.of_testee(&prepared.subject.name),
                    interrupted,
                    health: Health::default(),
                },
                executions: match prepared.obstacle {
                    None => &prepared.executions,
                    Some(_) => &[],
                },
                // Without an adapter there is one program, and one after the other.
                in_order: is_bare,
            }
        })
        .collect();
    let executions = series.iter().map(|series| series.executions.len()).sum();
    let progress = progress(prepared, executions, arguments.format);
    let runs = run_all(&series, arguments.jobs, &|_| progress.inc(1))
        .map_err(|error| Refusal::usage(format!("no directory for socket files: {error}")))?;
    progress.finish_and_clear();
    let accounted = prepared
        .iter()
        .zip(runs)
        .map(|(prepared, run)| match &prepared.obstacle {
            None => (prepared.subject.clone(), run),
            Some(obstacle) => (
                prepared.subject.clone(),
                prepared.unrun(obstacle, deviations),
            ),
        });
    Ok(accounted.collect())
}

fn party(target: &Target, patience: Duration) -> Party<'_> {
    Party::new(target.name(), move || target.start(patience))
}

impl Prepared<'_> {
    /// Every execution gets a verdict all the same.
    fn unrun(&self, obstacle: &Obstacle, deviations: &Deviations) -> Run {
        let name = &self.subject.name;
        let known = deviations.of_testee(name);
        let judgements = self.executions.iter().map(|execution| match obstacle {
            Obstacle::Absent(reason) => {
                Judgement::without_running(execution, name, Verdict::NotRun, reason.clone())
            }
            Obstacle::NeverStarted(trouble) => Judgement::unstarted(
                execution,
                name,
                Failure::new(trouble, "a testee that starts").detail(trouble.to_string()),
                &known,
            ),
        });
        Run {
            judgements: judgements.collect(),
        }
    }
}

/// What is to be run against a testee, and why it cannot be, if it never started.
struct Planned {
    hello: Option<Hello>,
    executions: Vec<Execution>,
    trouble: Option<Trouble>,
}

fn plan_for(target: &Target, selection: &Selection, patience: Duration) -> Planned {
    if let Target::Bare(_, bare, spoken) = target {
        let executions = plan_bare(bare, *spoken, selection, patience);
        return Planned {
            hello: None,
            executions,
            trouble: None,
        };
    }
    match target.claims(patience) {
        Ok(hello) => {
            let executions = plan(&hello, selection, patience);
            Planned {
                hello: Some(hello),
                executions,
                trouble: None,
            }
        }
        Err(trouble) => {
            let executions = plan(&assumed_claims(&selection.dialects), selection, patience);
            Planned {
                hello: None,
                executions,
                trouble: Some(trouble),
            }
        }
    }
}

/// One line, however many testees there are.
fn progress(prepared: &[Prepared<'_>], executions: usize, format: Format) -> ProgressBar {
    // It draws on standard error, and only when somebody looks at it.
    let progress =
        ProgressBar::with_draw_target(Some(executions as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}")
        .expect("the template is well-formed");
    progress.set_style(style);
    progress.set_message(match prepared {
        [only] => only.subject.name.clone(),
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

fn nothing_selected(arguments: &RunArguments, subjects: &[(Subject, Run)]) -> Refusal {
    let spoken: BTreeSet<String> = subjects
        .iter()
        .filter_map(|(subject, _)| subject.hello.as_ref())
        .flat_map(spoken_names)
        .collect();
    let spoken = spoken.into_iter().collect::<Vec<_>>().join(", ");
    let unavailable = |family: &Family| !family.is_available();
    let asked = arguments.dialect.iter().map(|asked| asked.family);
    let message = if let Some(family) = arguments
        .family
        .iter()
        .copied()
        .chain(asked)
        .find(unavailable)
    {
        format!("nothing is selected: {family} is not available on this system")
    } else if !arguments.dialect.is_empty() && !spoken.is_empty() {
        format!("nothing is selected: the testee speaks {spoken}")
    } else {
        "nothing is selected: no case for this testee matches what was asked for".into()
    };
    Refusal {
        code: NOTHING_SELECTED,
        message,
    }
}
