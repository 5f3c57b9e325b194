//! Plans executions: every combination of cases, parameters, dialects, families and roles.

use std::sync::Arc;
use std::time::Duration;

use processing_connection::Family;
use wildmatch::WildMatch;

use crate::cases::{Case, Handshakes, Kind, Parameters, Role, catalogue};
use crate::context::Setting;
use crate::context::bare::Bare;
use crate::context::setting::Spoken;
use crate::testee::message::Hello;
use crate::wire::Framing;

/// One case under one setting, which is run or reported as not applicable.
#[derive(Clone, Debug)]
pub struct Execution {
    /// The case.
    pub case: &'static Case,
    /// The setting.
    pub setting: Setting,
    /// The reason why the case does not apply, if it does not.
    pub not_applicable: Option<String>,
}

impl Execution {
    /// The case's id with its parameters.
    pub fn id(&self) -> String {
        self.case.execution(&self.setting.parameters)
    }
}

/// The selected executions.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Ids of cases, or patterns with `*` and `?`. An empty list selects all cases.
    pub patterns: Vec<String>,
    /// The families. An empty list selects all.
    pub families: Vec<Family>,
    /// The dialects, or only their framings. An empty list selects all dialects that the testee claims.
    pub dialects: Vec<Spoken>,
}

impl Selection {
    /// Whether this execution is selected by its own id, by the id of its case, by an area, or by a pattern. Former ids
    /// of the case are accepted as well.
    pub fn takes(&self, case: &Case, parameters: &Parameters) -> bool {
        if self.patterns.is_empty() {
            return true;
        }
        let names = case.names(parameters);
        self.patterns.iter().any(|pattern| {
            let glob = WildMatch::new(pattern);
            let area = pattern.trim_end_matches('/');
            let is_inside = |id: &str| {
                id.strip_prefix(area)
                    .is_some_and(|rest| rest.starts_with('/'))
            };
            case.ids().any(is_inside) || names.iter().any(|name| glob.matches(name))
        })
    }

    fn takes_dialect(&self, spoken: Spoken) -> bool {
        self.dialects.is_empty() || self.dialects.iter().any(|asked| spoken.is_meant_by(*asked))
    }

    fn takes_family(&self, family: Family) -> bool {
        self.families.is_empty() || self.families.contains(&family)
    }

    /// The selected dialects of a testee, each with the selected families. Over `AF_PIPE`, dialects with the same
    /// handshake do not differ on the wire, so that one of them is enough.
    fn spoken(&self, claims: &Hello) -> Vec<Spoken> {
        let streams = claims
            .known_dialects()
            .flat_map(|dialect| {
                [Family::Inet, Family::Unix].map(|family| Spoken { dialect, family })
            })
            .filter(|spoken| self.takes_family(spoken.family) && self.takes_dialect(*spoken));
        let mut all: Vec<Spoken> = streams.collect();
        // If a testee has no pipes, dialects over pipes are left out, unless pipes are available and were selected.
        let claimed = claims.families.contains(&Family::Pipe);
        let asked = self.families.contains(&Family::Pipe) && Family::Pipe.is_available();
        if !(asked || claimed && self.takes_family(Family::Pipe)) {
            return all;
        }
        let mut handshakes = Vec::new();
        for dialect in claims.known_dialects() {
            let family = Family::Pipe;
            let spoken = Spoken { dialect, family };
            if self.takes_dialect(spoken) && !handshakes.contains(&dialect.handshake) {
                handshakes.push(dialect.handshake);
                all.push(spoken);
            }
        }
        all
    }

    /// Whether any execution of a case can be selected.
    pub fn could_take(&self, case: &Case) -> bool {
        Framing::all().any(|framing| {
            (case.parameters)(framing)
                .iter()
                .any(|parameters| self.takes(case, parameters))
        })
    }
}

/// Returns every selected execution against a testee with an adapter that makes these claims.
pub fn plan(claims: &Hello, selection: &Selection, patience: Duration) -> Vec<Execution> {
    let spoken = selection.spoken(claims);
    let mut executions = Vec::new();
    for case in catalogue() {
        if matches!(case.kind, Kind::BareServer | Kind::BareClient) {
            continue;
        }
        for &spoken in &spoken {
            for role in case.roles {
                let base = Setting {
                    family: spoken.family,
                    dialect: spoken.dialect,
                    role: *role,
                    parameters: Parameters::default(),
                    bare: None,
                    patience,
                };
                expand(
                    case,
                    &base,
                    obstacle(case, claims, spoken),
                    selection,
                    &mut executions,
                );
            }
        }
    }
    executions
}

/// Returns every selected execution against a testee without an adapter, which is reached as `bare` describes.
pub fn plan_bare(
    bare: &Arc<Bare>,
    spoken: Spoken,
    selection: &Selection,
    patience: Duration,
) -> Vec<Execution> {
    let Spoken { dialect, family } = spoken;
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
        let obstacle = (!case.needs.families.contains(&family))
            .then(|| format!("the case is not about {family}"));
        expand(case, &base, obstacle, selection, &mut executions);
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
    // A case whose parameters depend on the framing is about streams.
    let parameters = (case.parameters)(base.dialect.framing);
    let chosen = parameters
        .into_iter()
        .filter(|parameters| selection.takes(case, parameters))
        .map(|parameters| Execution {
            case,
            setting: Setting {
                parameters,
                ..base.clone()
            },
            not_applicable: obstacle.clone(),
        });
    if obstacle.is_some() {
        // The reason is reported once, and not once for each set of parameters.
        executions.extend(chosen.take(1).map(|mut execution| {
            execution.setting.parameters = Parameters::default();
            execution
        }));
    } else {
        executions.extend(chosen);
    }
}

/// Returns the reason why a case does not apply to this testee, this family or this dialect.
fn obstacle(case: &Case, claims: &Hello, spoken: Spoken) -> Option<String> {
    let needs = &case.needs;
    let Spoken { dialect, family } = spoken;
    if !claims.families.contains(&family) {
        return Some(format!(
            "{} does not support {family} on this system",
            claims.name
        ));
    }
    if !needs.families.contains(&family) {
        return Some(format!("the case is not about {family}"));
    }
    if let Some(framing) = spoken.framing()
        && !needs.framings.contains(&framing)
    {
        return Some(format!("the case is not about {framing}"));
    }
    if !needs.handshake.allow(dialect.handshake) {
        return Some(match (needs.handshake, dialect.handshake) {
            (_, None) => format!("{spoken} has no handshake"),
            (Handshakes::Among(_), Some(_)) => format!("{spoken} has another handshake"),
            (Handshakes::Any | Handshakes::None, Some(_)) => {
                format!("the case is about dialects without a handshake, and {spoken} has one")
            }
        });
    }
    if claims.profile < needs.profile {
        return Some(format!(
            "the case needs profile `{}`, and the testee claims `{}`",
            needs.profile, claims.profile
        ));
    }
    if let Some(only) = needs.only
        && claims.profile != only
    {
        return Some(format!(
            "the case is about profile `{only}`, and the testee claims `{}`",
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::adapter::{Implementation, Reference};

    /// The families and dialects of the executions of one case.
    fn spoken(selection: &Selection) -> BTreeSet<String> {
        let mut claims = Reference.hello();
        claims.families = vec![Family::Inet, Family::Pipe];
        plan(&claims, selection, Duration::ZERO)
            .iter()
            .filter(|execution| execution.case.id == "framing/empty/sent")
            .filter(|execution| execution.not_applicable.is_none())
            .map(|execution| {
                let setting = &execution.setting;
                format!("{} {}", setting.family, setting.spoken())
            })
            .collect()
    }

    #[test]
    fn over_a_pipe_there_is_one_dialect_for_each_handshake() {
        let pipes = Selection {
            families: vec![Family::Pipe],
            ..Selection::default()
        };
        let all = [
            "AF_PIPE message",
            "AF_PIPE message+hmac-sha1",
            "AF_PIPE message+hmac-md5",
            "AF_PIPE message+digest-named",
        ];
        assert_eq!(spoken(&pipes), all.map(String::from).into());
    }

    #[test]
    fn a_dialect_that_is_asked_for_agrees_with_every_family() {
        let asked = |dialect: &str| Selection {
            dialects: vec![dialect.parse().unwrap()],
            ..Selection::default()
        };
        let keyed = ["AF_INET be32+hmac-sha1", "AF_PIPE message+hmac-sha1"];
        assert_eq!(
            spoken(&asked("be32+hmac-sha1")),
            keyed.map(String::from).into()
        );
        let pipes = [
            "AF_PIPE message",
            "AF_PIPE message+hmac-sha1",
            "AF_PIPE message+hmac-md5",
            "AF_PIPE message+digest-named",
        ];
        assert_eq!(spoken(&asked("message")), pipes.map(String::from).into());
        let plain = ["AF_INET hex8"].into_iter().chain(pipes);
        assert_eq!(
            spoken(&asked("hex8")),
            plain.map(String::from).collect::<BTreeSet<_>>()
        );
        assert_eq!(
            spoken(&asked("message+hmac-sha1")),
            [pipes[1]].map(String::from).into()
        );
    }

    #[test]
    fn pipes_that_a_testee_lacks_are_told_only_where_there_are_some_and_to_who_asks() {
        let mut claims = Reference.hello();
        claims.families = vec![Family::Inet];
        let families = |selection: &Selection| -> Vec<Family> {
            let mut all: Vec<Family> = plan(&claims, selection, Duration::ZERO)
                .iter()
                .map(|execution| execution.setting.family)
                .collect();
            all.dedup();
            all
        };
        assert!(!families(&Selection::default()).contains(&Family::Pipe));
        let asked = Selection {
            families: vec![Family::Pipe],
            ..Selection::default()
        };
        let told = families(&asked).contains(&Family::Pipe);
        assert_eq!(told, Family::Pipe.is_available());
    }
}
