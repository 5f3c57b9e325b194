//! The judges of a run, one for each testee: they run executions and judge them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use super::deviation::{Known, Prediction};
use super::health::{HOPELESS, Health};
use super::judge::{Judgement, judge};
use super::plan::{Execution, plan};
use super::runner::{Run, RunError, Runner};
use super::schedule;
use super::sessions::{PooledSession, Sessions};
use super::testee::Testee;
use super::verdict::Verdict;
use crate::cases::Kind;
use crate::context::Setting;
use crate::context::connect::speaks_nothing;
use crate::context::failure::Failure;
use crate::context::scratch::Scratch;
use crate::peers::Absence;
use crate::testee::message::Hello;
use crate::testee::session::{Session, Trouble};

/// The judges of all the testees of a [`Runner`]. They share the sessions that they keep between executions, and the
/// directory of the socket files.
pub struct Judges<'r> {
    runner: &'r Runner,
    by_testee: Vec<Judge<'r>>,
    place: Arc<Place>,
}

struct Place {
    sessions: Sessions,
    scratch: Scratch,
}

impl<'r> Judges<'r> {
    pub(super) fn of(runner: &'r Runner) -> Result<Self, RunError> {
        runner.selection.check()?;
        let place = Arc::new(Place {
            sessions: Sessions::new(schedule::idle_sessions(runner.jobs)),
            scratch: Scratch::new().map_err(RunError::Scratch)?,
        });
        let by_testee = runner
            .testees
            .iter()
            .map(|testee| Judge::of(testee, runner, &place))
            .collect();
        Ok(Self {
            runner,
            by_testee,
            place,
        })
    }

    /// The judges, in the order of the testees.
    pub fn as_slice(&self) -> &[Judge<'r>] {
        &self.by_testee
    }

    /// How many executions [`run`](Self::run) runs and observes.
    pub fn executions(&self) -> usize {
        self.by_testee
            .iter()
            .map(|judge| judge.to_be_run().len())
            .sum()
    }

    /// Judges every execution, many at once, and calls `observe` as each ends. The executions of a testee that is not
    /// installed, or does not start, are judged without being run or observed.
    ///
    /// # Errors
    ///
    /// When no testee has an execution.
    pub fn run(&self, observe: &(dyn Fn(&Judgement) + Sync)) -> Result<Vec<Run>, RunError> {
        if self
            .by_testee
            .iter()
            .all(|judge| judge.executions.is_empty())
        {
            let claims = self.by_testee.iter().filter_map(Judge::claims);
            return Err(self.runner.selection.is_empty_because(claims).into());
        }
        let judgements = schedule::run(&self.by_testee, self.runner.jobs, observe);
        self.place.sessions.end();
        let runs = self
            .by_testee
            .iter()
            .zip(judgements)
            .map(|(judge, mut judgements)| {
                if judge.obstacle().is_some() {
                    let judged = judge.executions.iter().map(|each| judge.judge(each));
                    judgements.extend(judged);
                }
                Run {
                    testee: judge.testee.name().into(),
                    claims: judge.claims.clone(),
                    judgements,
                }
            });
        Ok(runs.collect())
    }

    /// Ends the sessions that are kept and removes the socket files, for judges that are never dropped. Afterwards they
    /// must not judge any more.
    pub fn end(&self) {
        self.place.sessions.end();
        self.place.scratch.sweep();
    }
}

/// Judges the executions of one testee, on any number of threads.
pub struct Judge<'r> {
    runner: &'r Runner,
    testee: &'r Testee,
    sister: Option<Testee>,
    claims: Option<Hello>,
    executions: Vec<Execution>,
    obstacle: OnceLock<Option<Obstacle>>,
    deviations: Known<'r>,
    health: Health,
    place: Arc<Place>,
}

/// The reason why no execution of a testee can be run.
enum Obstacle {
    Absent(Absence),
    NeverStarted(Trouble),
}

/// The judgement of an execution that could not be run to its end.
enum Unplayed {
    Said(Verdict, String),
    Unstarted(Failure),
}

impl<'r> Judge<'r> {
    fn of(testee: &'r Testee, runner: &'r Runner, place: &Arc<Place>) -> Self {
        let selection = &runner.selection;
        let (claims, executions, obstacle) = match testee.plan(selection, runner.deadline) {
            Ok((claims, executions)) => (claims, executions, OnceLock::new()),
            Err(trouble) => {
                // Every execution gets a verdict nevertheless.
                let claims = Hello::assumed(&selection.dialects);
                let executions = plan(&claims, selection, runner.deadline);
                let obstacle = Some(Obstacle::NeverStarted(trouble));
                (None, executions, OnceLock::from(obstacle))
            }
        };
        Self {
            runner,
            testee,
            sister: testee.sister(),
            claims,
            executions,
            obstacle,
            deviations: runner.deviations.of_testee(testee.name()),
            health: Health::default(),
            place: Arc::clone(place),
        }
    }

    /// The testee.
    pub fn testee(&self) -> &'r Testee {
        self.testee
    }

    /// What the testee claims, unless it has no adapter or does not start.
    pub fn claims(&self) -> Option<&Hello> {
        self.claims.as_ref()
    }

    /// Every execution of the selection against the testee, including those that do not apply.
    pub fn executions(&self) -> &[Execution] {
        &self.executions
    }

    /// The reason why the testee is not installed. The first call of this or of [`judge`](Self::judge) looks for a
    /// peer, and installs it if that is allowed.
    pub fn absence(&self) -> Option<&Absence> {
        match self.obstacle()? {
            Obstacle::Absent(absence) => Some(absence),
            Obstacle::NeverStarted(_) => None,
        }
    }

    /// Runs one execution and judges it. Sessions are started if none are idle.
    pub fn judge(&self, execution: &Execution) -> Judgement {
        match self.play(execution) {
            Ok(judgement) => judgement,
            Err(Unplayed::Said(verdict, reason)) => {
                Judgement::without_running(execution, self.testee.name(), verdict, reason)
            }
            Err(Unplayed::Unstarted(failure)) => {
                Judgement::unstarted(execution, self.testee.name(), failure, &self.deviations)
            }
        }
    }

    /// The executions that can be run, which are all or none.
    pub(super) fn to_be_run(&self) -> &[Execution] {
        match self.obstacle() {
            None => &self.executions,
            Some(_) => &[],
        }
    }

    /// Whether the executions have to be run one after the other, because a testee without an adapter is only one
    /// program.
    pub(super) fn in_order(&self) -> bool {
        self.testee.is_bare()
    }

    /// Whether this execution is known to show its outcome only after a deadline has passed.
    pub(super) fn takes_the_deadline(&self, execution: &Execution) -> bool {
        execution.not_applicable.is_none()
            && self
                .deviations
                .predictions(execution.case, &execution.setting)
                .iter()
                .any(Prediction::takes_the_deadline)
    }

    fn obstacle(&self) -> Option<&Obstacle> {
        self.obstacle
            .get_or_init(|| self.testee.absence().map(Obstacle::Absent))
            .as_ref()
    }

    fn play(&self, execution: &Execution) -> Result<Judgement, Unplayed> {
        match self.obstacle() {
            None => {}
            Some(Obstacle::Absent(absence)) => return Err(not_run(absence.to_string())),
            Some(Obstacle::NeverStarted(trouble)) => return Err(unstarted(trouble)),
        }
        if let Some(reason) = &execution.not_applicable {
            return Err(not_applicable(reason.clone()));
        }
        if self.runner.interrupted.load(Ordering::Relaxed) {
            return Err(not_run("the run was interrupted".into()));
        }
        self.check_health()?;
        let mut session = self.session()?;
        let mut other = self.other(execution)?;
        let judgement = judge(
            execution,
            self.testee.name(),
            session.as_deref_mut(),
            other
                .as_mut()
                .map(|(name, session)| (*name, &mut **session)),
            &self.place.scratch,
            &self.deviations,
        );
        let trouble = session.as_deref().and_then(Session::trouble);
        // Trouble that a deviation documents is no sign that the testee no longer works.
        if trouble.is_none() || judgement.row.verdict != Verdict::ExpectedFail {
            self.health.note(trouble);
        }
        Ok(judgement)
    }

    fn check_health(&self) -> Result<(), Unplayed> {
        let Some(trouble) = self.health.hopeless() else {
            return Ok(());
        };
        Err(match trouble {
            Trouble::NeverStarted { .. } => Unplayed::Unstarted(Failure::trouble(&trouble)),
            _ => not_run(format!(
                "the suite gave up on the testee after {HOPELESS} executions in a row without an answer; the last one: {trouble}"
            )),
        })
    }

    /// A session with the testee, unless it has no adapter.
    fn session(&self) -> Result<Option<PooledSession<'_>>, Unplayed> {
        if self.testee.is_bare() {
            return Ok(None);
        }
        self.take_session(self.testee).map(Some).map_err(|trouble| {
            self.health.note(Some(&trouble));
            unstarted(&trouble)
        })
    }

    /// A session with the testee at the other end, and the name of that testee, unless the suite is the other end.
    fn other<'j>(
        &'j self,
        execution: &Execution,
    ) -> Result<Option<(&'j str, PooledSession<'j>)>, Unplayed> {
        let session = |testee: &'j Testee, called: &str| {
            let session = self
                .take_session(testee)
                .map_err(|trouble| not_run(format!("{called}: {trouble}")))?;
            Ok((testee.name(), session))
        };
        match execution.case.kind {
            Kind::Pair => {
                let counterpart = &self.runner.counterpart;
                let called = format!("the counterpart {}", counterpart.name());
                let (name, session) = session(counterpart, &called)?;
                match cannot_talk(name, &session, &execution.setting) {
                    Some(reason) => Err(not_applicable(reason)),
                    None => Ok(Some((name, session))),
                }
            }
            Kind::Flavours => match &self.sister {
                Some(sister) => session(sister, sister.name()).map(Some),
                None => Err(not_applicable(
                    "the testee has no other flavour that frames differently".into(),
                )),
            },
            Kind::Wire | Kind::BareServer | Kind::BareClient => Ok(None),
        }
    }

    fn take_session<'j>(&'j self, testee: &'j Testee) -> Result<PooledSession<'j>, Trouble> {
        self.place.sessions.take(testee, self.runner.deadline)
    }
}

fn not_run(reason: String) -> Unplayed {
    Unplayed::Said(Verdict::NotRun, reason)
}

fn not_applicable(reason: String) -> Unplayed {
    Unplayed::Said(Verdict::NotApplicable, reason)
}

fn unstarted(trouble: &Trouble) -> Unplayed {
    Unplayed::Unstarted(Failure::new(trouble, "a testee that starts").detail(trouble.to_string()))
}

/// The reason why a counterpart cannot take part under a setting.
fn cannot_talk(name: &str, counterpart: &Session, setting: &Setting) -> Option<String> {
    let hello = counterpart.hello();
    if setting.dialect_of(hello).is_none() {
        return Some(speaks_nothing(hello, name, setting.framing()));
    }
    (!hello.families.contains(&setting.family))
        .then(|| format!("{name} does not support {} on this system", setting.family))
}
