//! Many executions at once, of one testee or of many, so that one that waits holds up nobody.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::judge::Judgement;
use super::plan::Execution;
use super::sessions::Sessions;
use super::stage::Stage;
use super::turns::Turns;
use crate::context::scratch::Scratch;

/// How many executions are under way for each processor, those included that wait for a deadline.
const UNDER_WAY_PER_PROCESSOR: usize = 24;
/// How many of them work.
const WORKING_PER_PROCESSOR: usize = 2;
/// How many idle sessions are kept for each processor.
const IDLE_PER_PROCESSOR: usize = 16;

/// What is to be run against one testee.
pub struct Series<'s> {
    /// Where.
    pub stage: Stage<'s>,
    /// What.
    pub executions: &'s [Execution],
    /// Whether it has to be one after the other.
    pub in_order: bool,
}

/// What came of one series.
#[derive(Debug, Default)]
pub struct Run {
    /// In the order of the executions.
    pub judgements: Vec<Judgement>,
}

/// Runs several series as one, telling `observe` of each execution as it ends. At most `jobs` are under way
/// at once, or as many as suit the machine.
pub fn run(
    series: &[Series<'_>],
    jobs: Option<NonZero<usize>>,
    observe: &(dyn Fn(&Judgement) + Sync),
) -> std::io::Result<Vec<Run>> {
    let processors = std::thread::available_parallelism().map_or(2, NonZero::get);
    let executions: usize = series.iter().map(|series| series.executions.len()).sum();
    let jobs = jobs
        .map_or(UNDER_WAY_PER_PROCESSOR * processors, NonZero::get)
        .min(executions);
    let scratch = Scratch::new()?;
    let sessions = Sessions::new(jobs.min(IDLE_PER_PROCESSOR * processors));
    let turns = Turns::new(WORKING_PER_PROCESSOR * processors);
    let queue = Mutex::new(Queue::new(series, jobs));
    let judgements = Mutex::new(Vec::new());
    let work = || {
        loop {
            let turn = turns.take();
            // Taken in a call of its own: in the condition the lock would be held for the whole turn.
            let next = lock(&queue).next();
            let Some(task) = next else { return };
            let Series {
                stage, executions, ..
            } = &series[task.series];
            for at in task.executions.clone() {
                let judgement = stage.judge(&executions[at], &sessions, &scratch);
                observe(&judgement);
                lock(&judgements).push((task.series, at, judgement));
            }
            drop(turn);
            lock(&queue).end(&task);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(work);
        }
    });
    let mut judgements = judgements
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    judgements.sort_by_key(|(series, at, _)| (*series, *at));
    let mut runs: Vec<Run> = series.iter().map(|_| Run::default()).collect();
    for (series, _, judgement) in judgements {
        runs[series].judgements.push(judgement);
    }
    Ok(runs)
}

/// Executions of one series that are run one after the other.
struct Task {
    series: usize,
    executions: std::ops::Range<usize>,
    waits: bool,
}

/// What is still to be done. What is known to wait for a deadline begins early, beside the rest, so that it is
/// not what everything else has to wait for in the end.
struct Queue {
    waiting: VecDeque<Task>,
    others: VecDeque<Task>,
    waiting_now: usize,
    most_waiting: usize,
}

impl Queue {
    fn new(series: &[Series<'_>], jobs: usize) -> Self {
        let mut queue = Self {
            waiting: VecDeque::new(),
            others: VecDeque::new(),
            waiting_now: 0,
            most_waiting: jobs - jobs.div_ceil(4),
        };
        for (at, series) in series.iter().enumerate() {
            if series.in_order {
                queue.others.push_back(Task {
                    series: at,
                    executions: 0..series.executions.len(),
                    waits: false,
                });
                continue;
            }
            for (number, execution) in series.executions.iter().enumerate() {
                let waits = series.stage.takes_the_deadline(execution);
                let tasks = if waits {
                    &mut queue.waiting
                } else {
                    &mut queue.others
                };
                tasks.push_back(Task {
                    series: at,
                    executions: number..number + 1,
                    waits,
                });
            }
        }
        queue
    }

    fn next(&mut self) -> Option<Task> {
        let task = if self.waiting_now < self.most_waiting {
            self.waiting.pop_front().or_else(|| self.others.pop_front())
        } else {
            self.others.pop_front().or_else(|| self.waiting.pop_front())
        }?;
        self.waiting_now += usize::from(task.waits);
        Some(task)
    }

    fn end(&mut self, task: &Task) {
        self.waiting_now -= usize::from(task.waits);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
