//! Many executions at once, each worker with a session of its own, so that one that waits holds up nobody.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::deviation::Deviations;
use super::judge::{Judgement, judge};
use super::plan::Execution;
use super::verdict::Verdict;
use crate::cases::Kind;
use crate::context::Setting;
use crate::context::failure::Failure;
use crate::context::scratch::Scratch;
use crate::testee::session::{Session, Trouble};

/// So many executions in a row that end in trouble, with none between them that does not, end the run.
const HOPELESS: usize = 12;

/// Starts a testee: a fresh session each time.
pub type Starter<'s> = dyn Fn() -> Result<Session, Trouble> + Sync + 's;

/// Everything that a run needs beside the executions.
pub struct Conditions<'s> {
    /// The testee by the name it has on the command line.
    pub name: &'s str,
    /// Starts the testee; none for a testee without an adapter.
    pub testee: Option<&'s Starter<'s>>,
    /// The other one of a pair, by name.
    pub counterpart: Option<(&'s str, &'s Starter<'s>)>,
    /// The other flavour of the testee's release, by name.
    pub sister: Option<(&'s str, &'s Starter<'s>)>,
    /// The faults that are known.
    pub deviations: &'s Deviations,
    /// How many executions at once.
    pub jobs: usize,
    /// Set from outside to end the run early.
    pub interrupted: &'s AtomicBool,
}

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    /// In the order of the executions.
    pub judgements: Vec<Judgement>,
}

/// Runs executions, telling `observe` of each as it ends.
pub fn run(
    executions: &[Execution],
    conditions: &Conditions<'_>,
    observe: &(dyn Fn(&Judgement) + Sync),
) -> std::io::Result<Run> {
    let scratch = Scratch::new()?;
    let queue: Mutex<VecDeque<usize>> = Mutex::new((0..executions.len()).collect());
    let judgements = Mutex::new(Vec::with_capacity(executions.len()));
    let health = Health::default();
    std::thread::scope(|scope| {
        for _ in 0..conditions.jobs.clamp(1, executions.len().max(1)) {
            scope.spawn(|| {
                let mut worker = Worker::new(conditions, &health, &scratch);
                // Taken in a call of its own: in the condition the lock would be held for the whole turn.
                let next = || lock(&queue).pop_front();
                while let Some(at) = next() {
                    let judgement = worker.judge(&executions[at]);
                    observe(&judgement);
                    lock(&judgements).push((at, judgement));
                }
            });
        }
    });
    let mut judgements = judgements
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    judgements.sort_by_key(|(at, _)| *at);
    Ok(Run {
        judgements: judgements
            .into_iter()
            .map(|(_, judgement)| judgement)
            .collect(),
    })
}

/// Whether it makes sense to go on with a testee; shared by all workers of a run.
#[derive(Default)]
pub struct Health {
    troubles: Mutex<Troubles>,
}

#[derive(Default)]
struct Troubles {
    in_a_row: usize,
    last: Option<Trouble>,
}

impl Health {
    fn note(&self, trouble: Option<&Trouble>) {
        let mut troubles = lock(&self.troubles);
        match trouble {
            None => troubles.in_a_row = 0,
            Some(trouble) => {
                troubles.in_a_row += 1;
                troubles.last = Some(trouble.clone());
            }
        }
    }

    fn hopeless(&self) -> Option<Trouble> {
        let troubles = lock(&self.troubles);
        let last = troubles.last.clone()?;
        let never_starts = matches!(last, Trouble::NeverStarted { .. }) && troubles.in_a_row > 0;
        (troubles.in_a_row >= HOPELESS || never_starts).then_some(last)
    }
}

/// One line of work: its own sessions, and one execution after the other.
pub struct Worker<'w> {
    conditions: &'w Conditions<'w>,
    health: &'w Health,
    scratch: &'w Scratch,
    testee: Option<Session>,
    counterpart: Option<Session>,
    sister: Option<Session>,
}

impl<'w> Worker<'w> {
    /// A worker that has not started anything yet.
    pub fn new(conditions: &'w Conditions<'w>, health: &'w Health, scratch: &'w Scratch) -> Self {
        Self {
            conditions,
            health,
            scratch,
            testee: None,
            counterpart: None,
            sister: None,
        }
    }

    /// Runs one execution, with sessions started if need be.
    pub fn judge(&mut self, execution: &Execution) -> Judgement {
        let Conditions {
            name, deviations, ..
        } = self.conditions;
        let not_run =
            |reason: String| Judgement::without_running(execution, name, Verdict::NotRun, reason);
        let not_applicable =
            |reason| Judgement::without_running(execution, name, Verdict::NotApplicable, reason);
        if let Some(reason) = &execution.not_applicable {
            return not_applicable(reason.clone());
        }
        if self.conditions.interrupted.load(Ordering::Relaxed) {
            return not_run("the run was interrupted".into());
        }
        if let Some(trouble) = self.health.hopeless() {
            let failure = Failure::new(trouble.outcome(), "an answer").detail(trouble.to_string());
            return match trouble {
                Trouble::NeverStarted { .. } => {
                    Judgement::unstarted(execution, name, failure, deviations)
                }
                _ => not_run(format!(
                    "the testee was given up after {HOPELESS} executions in a row without an answer; the last one: {trouble}"
                )),
            };
        }
        if let Some(start) = self.conditions.testee
            && let Err(trouble) = freshen(&mut self.testee, start)
        {
            self.health.note(Some(&trouble));
            let failure =
                Failure::new(trouble.outcome(), "a testee that starts").detail(trouble.to_string());
            return Judgement::unstarted(execution, name, failure, deviations);
        }
        let counterpart = match execution.case.kind {
            Kind::Pair => match self.conditions.counterpart {
                Some((counterpart, start)) => {
                    if let Err(trouble) = freshen(&mut self.counterpart, start) {
                        return not_run(format!("the counterpart {counterpart}: {trouble}"));
                    }
                    Some((
                        counterpart,
                        self.counterpart.as_mut().expect("it was just started"),
                    ))
                }
                None => return not_run("there is no counterpart".into()),
            },
            Kind::Flavours => match self.conditions.sister {
                Some((sister, start)) => {
                    if let Err(trouble) = freshen(&mut self.sister, start) {
                        return not_run(format!("{sister}: {trouble}"));
                    }
                    Some((sister, self.sister.as_mut().expect("it was just started")))
                }
                None => {
                    return not_applicable(
                        "the testee has no other flavour that frames differently".into(),
                    );
                }
            },
            Kind::Wire | Kind::BareServer | Kind::BareClient => None,
        };
        if let (Kind::Pair, Some((name, session))) = (execution.case.kind, &counterpart)
            && let Some(reason) = cannot_talk(name, session, &execution.setting)
        {
            return not_applicable(reason);
        }
        let judgement = judge(
            execution,
            name,
            self.testee.as_mut(),
            counterpart,
            self.scratch,
            deviations,
        );
        let trouble = self.testee.as_ref().and_then(Session::trouble);
        // Trouble that a deviation documents says nothing new of the testee's health.
        if trouble.is_none() || judgement.row.verdict != Verdict::ExpectedFail {
            self.health.note(trouble);
        }
        judgement
    }
}

/// Makes sure that there is a session, and one that is fit for use.
fn freshen(session: &mut Option<Session>, start: &Starter<'_>) -> Result<(), Trouble> {
    if session
        .as_ref()
        .is_some_and(|session| session.trouble().is_some() || session.is_littered())
    {
        // The old one is ended first.
        *session = None;
    }
    if session.is_none() {
        *session = Some(start()?);
    }
    Ok(())
}

/// Why a counterpart cannot take part under a setting.
fn cannot_talk(name: &str, counterpart: &Session, setting: &Setting) -> Option<String> {
    let hello = counterpart.hello();
    if hello.dialect_of(setting.framing()).is_none() {
        return Some(format!(
            "{name} speaks {}, nothing framed in {}",
            hello.dialects.join(", "),
            setting.framing()
        ));
    }
    (!hello.families.contains(&setting.family))
        .then(|| format!("{name} does not have {} here", setting.family))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
