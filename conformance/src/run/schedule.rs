//! Judges many executions at once, so that one that waits does not delay the others.

use std::collections::VecDeque;
use std::num::NonZero;

use parking_lot::Mutex;

use super::judge::Judgement;
use super::judges::Judge;
use super::turns::Turns;

/// How many executions are under way for each processor, including those that wait for a deadline.
const UNDER_WAY_PER_PROCESSOR: usize = 24;
/// How many of the executions under way may be busy, for each processor.
const WORKING_PER_PROCESSOR: usize = 2;
/// How many idle sessions are kept for each processor.
const IDLE_PER_PROCESSOR: usize = 16;

/// How many sessions may be idle when this number of executions may be under way.
pub(super) fn idle_sessions(jobs: Option<NonZero<usize>>) -> usize {
    under_way(jobs).min(IDLE_PER_PROCESSOR * processors())
}

fn under_way(jobs: Option<NonZero<usize>>) -> usize {
    jobs.map_or_else(|| UNDER_WAY_PER_PROCESSOR * processors(), NonZero::get)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, NonZero::get)
}

/// Runs every execution that can be run, and calls `observe` as each ends. At most `jobs` executions are under way at
/// once; the default depends on the number of processors. The judgements of each judge are in the order of its
/// executions.
pub(super) fn run(
    judges: &[Judge<'_>],
    jobs: Option<NonZero<usize>>,
    observe: &(dyn Fn(&Judgement) + Sync),
) -> Vec<Vec<Judgement>> {
    let executions = judges.iter().map(|judge| judge.to_be_run().len()).sum();
    let jobs = under_way(jobs).min(executions);
    let turns = Turns::new(WORKING_PER_PROCESSOR * processors());
    let queue = Mutex::new(Queue::new(judges, jobs));
    let judgements = Mutex::new(Vec::new());
    let work = || {
        loop {
            let turn = turns.take();
            // This is a statement of its own, because a lock in the condition would be held for the whole turn.
            let next = queue.lock().next();
            let Some(task) = next else { return };
            let judge = &judges[task.judge];
            for at in task.executions.clone() {
                let judgement = judge.judge(&judge.executions()[at]);
                observe(&judgement);
                judgements.lock().push((task.judge, at, judgement));
            }
            drop(turn);
            queue.lock().end(&task);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(work);
        }
    });
    let mut judgements = judgements.into_inner();
    judgements.sort_by_key(|(judge, at, _)| (*judge, *at));
    let mut by_judge: Vec<Vec<Judgement>> = judges.iter().map(|_| Vec::new()).collect();
    for (judge, _, judgement) in judgements {
        by_judge[judge].push(judgement);
    }
    by_judge
}

/// Executions of one judge that are run one after the other.
struct Task {
    judge: usize,
    executions: std::ops::Range<usize>,
    waits: bool,
}

/// The tasks that have not begun. Those that are known to wait for a deadline begin early, together with the others, so
/// that the run does not have to wait for them at its end.
struct Queue {
    waiting: VecDeque<Task>,
    others: VecDeque<Task>,
    waiting_now: usize,
    most_waiting: usize,
}

impl Queue {
    fn new(judges: &[Judge<'_>], jobs: usize) -> Self {
        let mut queue = Self {
            waiting: VecDeque::new(),
            others: VecDeque::new(),
            waiting_now: 0,
            most_waiting: jobs - jobs.div_ceil(4),
        };
        for (at, judge) in judges.iter().enumerate() {
            let executions = judge.to_be_run();
            if judge.in_order() {
                queue.others.push_back(Task {
                    judge: at,
                    executions: 0..executions.len(),
                    waits: false,
                });
                continue;
            }
            for (number, execution) in executions.iter().enumerate() {
                let waits = judge.takes_the_deadline(execution);
                let tasks = if waits {
                    &mut queue.waiting
                } else {
                    &mut queue.others
                };
                tasks.push_back(Task {
                    judge: at,
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
