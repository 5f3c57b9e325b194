//! Where one testee is judged: who takes part, what is known of it, and whether it makes sense to go on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::deviation::{Known, Prediction};
use super::judge::{Judgement, judge};
use super::plan::Execution;
use super::sessions::{Lent, Party, Sessions};
use super::verdict::Verdict;
use crate::cases::Kind;
use crate::context::Setting;
use crate::context::connect::speaks_nothing;
use crate::context::failure::Failure;
use crate::context::scratch::Scratch;
use crate::testee::session::{Session, Trouble};

/// So many executions in a row that end in trouble, with none between them that does not, end the run.
const HOPELESS: usize = 12;

/// Where one testee is judged, by as many threads as like.
pub struct Stage<'s> {
    /// The testee by the name it has on the command line.
    pub name: String,
    /// How it is started; none for a testee without an adapter.
    pub testee: Option<Party<'s>>,
    /// The other one of a pair.
    pub counterpart: Option<Party<'s>>,
    /// The other flavour of the testee's release.
    pub sister: Option<Party<'s>>,
    /// The faults that are known of it.
    pub deviations: Known<'s>,
    /// Set from outside to end the run early.
    pub interrupted: &'s AtomicBool,
    /// How the testee has been doing.
    pub health: Health,
}

/// Why an execution came to nothing.
enum Unplayed {
    Said(Verdict, String),
    Unstarted(Failure),
}

impl Stage<'_> {
    /// Runs one execution, with sessions started if need be.
    pub fn judge(
        &self,
        execution: &Execution,
        sessions: &Sessions,
        scratch: &Scratch,
    ) -> Judgement {
        match self.play(execution, sessions, scratch) {
            Ok(judgement) => judgement,
            Err(Unplayed::Said(verdict, reason)) => {
                Judgement::without_running(execution, &self.name, verdict, reason)
            }
            Err(Unplayed::Unstarted(failure)) => {
                Judgement::unstarted(execution, &self.name, failure, &self.deviations)
            }
        }
    }

    /// Whether it is known that this execution shows its outcome only when a deadline has passed.
    pub(super) fn takes_the_deadline(&self, execution: &Execution) -> bool {
        execution.not_applicable.is_none()
            && self
                .deviations
                .predictions(execution.case, &execution.setting)
                .iter()
                .any(Prediction::takes_the_deadline)
    }

    fn play(
        &self,
        execution: &Execution,
        sessions: &Sessions,
        scratch: &Scratch,
    ) -> Result<Judgement, Unplayed> {
        if let Some(reason) = &execution.not_applicable {
            return Err(not_applicable(reason.clone()));
        }
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(not_run("the run was interrupted".into()));
        }
        self.check_health()?;
        let mut testee = self
            .testee
            .as_ref()
            .map(|party| self.start(party, sessions))
            .transpose()?;
        let mut other = self.other(execution, sessions)?;
        let judgement = judge(
            execution,
            &self.name,
            testee.as_deref_mut(),
            other
                .as_mut()
                .map(|(name, session)| (*name, &mut **session)),
            scratch,
            &self.deviations,
        );
        let trouble = testee.as_deref().and_then(Session::trouble);
        // Trouble that a deviation documents says nothing new of the testee's health.
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
                "the testee was given up after {HOPELESS} executions in a row without an answer; the last one: {trouble}"
            )),
        })
    }

    fn start<'l>(
        &self,
        party: &'l Party<'_>,
        sessions: &'l Sessions,
    ) -> Result<Lent<'l>, Unplayed> {
        sessions.lend(party).map_err(|trouble| {
            self.health.note(Some(&trouble));
            Unplayed::Unstarted(
                Failure::new(&trouble, "a testee that starts").detail(trouble.to_string()),
            )
        })
    }

    /// Who plays the other end, by name, in cases where that is not the suite.
    fn other<'l>(
        &'l self,
        execution: &Execution,
        sessions: &'l Sessions,
    ) -> Result<Option<(&'l str, Lent<'l>)>, Unplayed> {
        let lend = |party: &'l Party<'_>, called: &str| {
            let session = sessions
                .lend(party)
                .map_err(|trouble| not_run(format!("{called}: {trouble}")))?;
            Ok((party.name.as_str(), session))
        };
        match execution.case.kind {
            Kind::Pair => {
                let Some(party) = &self.counterpart else {
                    return Err(not_run("there is no counterpart".into()));
                };
                let (name, session) = lend(party, &format!("the counterpart {}", party.name))?;
                match cannot_talk(name, &session, &execution.setting) {
                    Some(reason) => Err(not_applicable(reason)),
                    None => Ok(Some((name, session))),
                }
            }
            Kind::Flavours => match &self.sister {
                Some(party) => lend(party, &party.name).map(Some),
                None => Err(not_applicable(
                    "the testee has no other flavour that frames differently".into(),
                )),
            },
            Kind::Wire | Kind::BareServer | Kind::BareClient => Ok(None),
        }
    }
}

fn not_run(reason: String) -> Unplayed {
    Unplayed::Said(Verdict::NotRun, reason)
}

fn not_applicable(reason: String) -> Unplayed {
    Unplayed::Said(Verdict::NotApplicable, reason)
}

/// Why a counterpart cannot take part under a setting.
fn cannot_talk(name: &str, counterpart: &Session, setting: &Setting) -> Option<String> {
    let hello = counterpart.hello();
    if setting.dialect_of(hello).is_none() {
        return Some(speaks_nothing(hello, name, setting.framing()));
    }
    (!hello.families.contains(&setting.family))
        .then(|| format!("{name} does not have {} here", setting.family))
}

/// Whether it makes sense to go on with a testee; shared by all threads.
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
        let mut troubles = self.troubles();
        match trouble {
            None => troubles.in_a_row = 0,
            Some(trouble) => {
                troubles.in_a_row += 1;
                troubles.last = Some(trouble.clone());
            }
        }
    }

    fn hopeless(&self) -> Option<Trouble> {
        let troubles = self.troubles();
        let last = troubles.last.clone()?;
        let never_starts = matches!(last, Trouble::NeverStarted { .. }) && troubles.in_a_row > 0;
        (troubles.in_a_row >= HOPELESS || never_starts).then_some(last)
    }

    fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
