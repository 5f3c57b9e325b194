//! Which executions there are: cases, times parameters, dialects, families and roles.

use std::sync::Arc;
use std::time::Duration;

use processing_connection::{Dialect, Family, Handshake};
use wildmatch::WildMatch;

use crate::cases::{Case, Kind, Parameters, Role, catalogue};
use crate::context::Setting;
use crate::context::bare::Bare;
use crate::testee::message::Hello;
use crate::wire::frame::FRAMINGS;

/// One case under one setting, to be run or to be accounted for.
#[derive(Clone, Debug)]
pub struct Execution {
    /// The case.
    pub case: &'static Case,
    /// Under which circumstances.
    pub setting: Setting,
    /// Why it does not apply, if it does not.
    pub not_applicable: Option<String>,
}

impl Execution {
    /// The case's id with its parameters.
    pub fn id(&self) -> String {
        format!("{}{}", self.case.id, self.setting.parameters)
    }
}

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Ids or patterns with `*` and `?`; everything when empty.
    pub patterns: Vec<String>,
    /// The families; all when empty.
    pub families: Vec<Family>,
    /// The dialects, or their framings alone; all that the testee claims when empty.
    pub dialects: Vec<Dialect>,
}

impl Selection {
    /// Whether this execution was asked for: by its whole id, by its case's id, by an area, or by a pattern.
    pub fn takes(&self, case: &Case, execution: &str) -> bool {
        self.patterns.is_empty()
            || self.patterns.iter().any(|pattern| {
                let glob = WildMatch::new(pattern);
                pattern == case.area()
                    || case
                        .id
                        .strip_prefix(pattern.trim_end_matches('/'))
                        .is_some_and(|rest| rest.starts_with('/'))
                    || glob.matches(case.id)
                    || glob.matches(execution)
            })
    }

    /// Whether this dialect was asked for: by its name, or by its framing's.
    pub fn takes_dialect(&self, dialect: Dialect) -> bool {
        self.dialects.is_empty()
            || [dialect, Dialect::new(dialect.framing())]
                .iter()
                .any(|named| self.dialects.contains(named))
    }

    /// Whether a case could be asked for at all.
    pub fn could_take(&self, case: &Case) -> bool {
        FRAMINGS.iter().any(|framing| {
            (case.parameters)(*framing)
                .iter()
                .any(|parameters| self.takes(case, &format!("{}{parameters}", case.id)))
        })
    }
}

/// Every execution of what was asked for, against a testee with an adapter that makes these claims.
pub fn plan(claims: &Hello, selection: &Selection, patience: Duration) -> Vec<Execution> {
    let dialects: Vec<Dialect> = claims
        .known_dialects()
        .filter(|dialect| selection.takes_dialect(*dialect))
        .collect();
    let wanted =
        |family: &Family| selection.families.is_empty() || selection.families.contains(family);
    let mut executions = Vec::new();
    for case in catalogue() {
        if matches!(case.kind, Kind::BareServer | Kind::BareClient) {
            continue;
        }
        for &dialect in &dialects {
            // AF_PIPE has its own cases, which come with its transport.
            for family in [Family::Inet, Family::Unix]
                .into_iter()
                .filter(|family| wanted(family))
            {
                for role in case.roles {
                    let base = Setting {
                        family,
                        dialect,
                        role: *role,
                        parameters: Parameters::default(),
                        bare: None,
                        patience,
                    };
                    expand(
                        case,
                        &base,
                        obstacle(case, claims, family, dialect),
                        selection,
                        &mut executions,
                    );
                }
            }
        }
    }
    executions
}

/// Every execution against a testee without an adapter, which `bare` tells how to reach.
pub fn plan_bare(
    bare: &Arc<Bare>,
    family: Family,
    dialect: Dialect,
    selection: &Selection,
    patience: Duration,
) -> Vec<Execution> {
    let (kind, role) = match **bare {
        Bare::Server { .. } => (Kind::BareServer, Role::Listener),
        Bare::Client { .. } => (Kind::BareClient, Role::Client),
    };
    let base = Setting {
        family,
        dialect,
        role,
        parameters: Parameters::default(),
        bare: Some(Arc::clone(bare)),
        patience,
    };
    let mut executions = Vec::new();
    for case in catalogue().filter(|case| case.kind == kind) {
        expand(case, &base, None, selection, &mut executions);
    }
    executions
}

fn expand(
    case: &'static Case,
    base: &Setting,
    obstacle: Option<String>,
    selection: &Selection,
    executions: &mut Vec<Execution>,
) {
    let parameters = (case.parameters)(base.framing());
    let chosen = parameters
        .into_iter()
        .filter(|parameters| selection.takes(case, &format!("{}{parameters}", case.id)))
        .map(|parameters| Execution {
            case,
            setting: Setting {
                parameters,
                ..base.clone()
            },
            not_applicable: obstacle.clone(),
        });
    if obstacle.is_some() {
        // Told once, not once for each parameter.
        executions.extend(chosen.take(1).map(|mut execution| {
            execution.setting.parameters = Parameters::default();
            execution
        }));
    } else {
        executions.extend(chosen);
    }
}

/// Why a case has nothing to say of this testee, this family or this dialect.
fn obstacle(case: &Case, claims: &Hello, family: Family, dialect: Dialect) -> Option<String> {
    let needs = &case.needs;
    if !claims.families.contains(&family) {
        return Some(format!("{} does not have {family} here", claims.name));
    }
    if !needs.families.contains(&family) {
        return Some(format!("it is not about {family}"));
    }
    if !needs.framings.contains(&dialect.framing()) {
        return Some(format!("it is not about {}", dialect.framing()));
    }
    if needs
        .handshake
        .is_some_and(|needed| needed != dialect.handshake())
    {
        return Some(match dialect.handshake() {
            Handshake::None => format!("{dialect} has no handshake"),
            _ => format!("it is about a dialect without a handshake, {dialect} has one"),
        });
    }
    if claims.profile < needs.profile {
        return Some(format!(
            "it needs profile `{}`, the testee claims `{}`",
            needs.profile, claims.profile
        ));
    }
    if let Some(only) = needs.only
        && claims.profile != only
    {
        return Some(format!(
            "it is about profile `{only}`, the testee claims `{}`",
            claims.profile
        ));
    }
    if let Some(operation) = needs.operation
        && !claims.operations.iter().any(|known| known == operation)
    {
        return Some(format!("the testee has no `{operation}`"));
    }
    None
}
