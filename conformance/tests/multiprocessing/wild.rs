//! What the implementations in other languages use most: keys of 32 random bytes, and addresses in the abstract
//! namespace of Linux.

use libtest_mimic::Trial;
use processing_connection::{Address, Family};

use crate::interpreter::{FAMILIES, Interpreter, Reference, Stage, VERSIONS};
use crate::seed::{reference, talk_to_client, talk_to_server};

/// 32 bytes, of which some are not text.
const KEY: &[u8; 32] = b"\0\xff\x80'\"\\\n\r{sha256}#CHALLENGE#abcde";

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for version in VERSIONS {
        for place in Place::ALL {
            for role in ["server", "client"] {
                let interpreter = Interpreter {
                    version,
                    authkey: Some(KEY),
                    digest: None,
                };
                trials.push(Trial::ignorable_test(
                    format!("wild::{role}::{place}::{version}", place = place.name()),
                    move || interpreter.run(|stage| talk(stage, role, *place)),
                ));
            }
        }
    }
    trials
}

/// Where the listener listens.
#[derive(Clone, Copy)]
enum Place {
    Family(Family),
    #[cfg(target_os = "linux")]
    Abstract,
}

impl Place {
    const ALL: &[Self] = &[
        Self::Family(FAMILIES[0]),
        #[cfg(target_os = "linux")]
        Self::Abstract,
    ];

    fn name(self) -> String {
        match self {
            Self::Family(family) => family.to_string(),
            #[cfg(target_os = "linux")]
            Self::Abstract => "abstract".into(),
        }
    }

    fn address(self, stage: &Stage) -> Address {
        match self {
            Self::Family(family) => stage.address(family),
            #[cfg(target_os = "linux")]
            Self::Abstract => stage.abstract_address(),
        }
    }
}

fn talk(stage: &Stage, role: &str, place: Place) {
    let reference: Reference = reference(Some(KEY));
    let address = place.address(stage);
    match role {
        "server" => talk_to_server(stage, &address, reference),
        _ => talk_to_client(stage, address, reference),
    }
}
