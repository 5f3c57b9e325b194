//! Handshakes: every version of `CPython` in each role, with every digest that its challenges can name, and the reference
//! with different schemes and digests.

use libtest_mimic::Trial;
use processing_connection::auth::Role;
use processing_connection::{
    AuthKey, AuthenticationFailure, Dialect, Digest, Digests, Error, Family, HandshakeStep, Scheme,
};

use crate::interpreter::{FAMILIES, Interpreter, Reference, Stage, VERSIONS};
use crate::seed::{box_one, send_42};

const KEY: &[u8] = b"secret";

/// The schemes of the reference.
const SCHEMES: [(&str, Scheme); 5] = [
    ("hmac-md5", Scheme::HmacMd5),
    ("default", Scheme::DigestNamed(Digests::DEFAULT)),
    ("without-md5", Scheme::DigestNamed(Digests::WITHOUT_MD5)),
    ("only-md5", Scheme::DigestNamed(Digests::only(Digest::Md5))),
    (
        "only-sha3_384",
        Scheme::DigestNamed(Digests::only(Digest::Sha3_384)),
    ),
];

/// The role of the reference.
const ROLES: [Role; 2] = [Role::Listener, Role::Client];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for version in VERSIONS {
        let interpreter = Interpreter {
            version,
            authkey: Some(KEY),
            digest: None,
        };
        let digests: &[Digest] = if interpreter.names_digests() {
            &Digest::ALL
        } else {
            &[]
        };
        let default = [interpreter];
        let named = digests.iter().map(|digest| Interpreter {
            digest: Some(digest.name()),
            ..interpreter
        });
        for interpreter in default.into_iter().chain(named) {
            for (name, scheme) in SCHEMES {
                for role in ROLES {
                    let expected = Expected::of(interpreter, scheme, role);
                    trials.push(trial(interpreter, name, scheme, role, KEY, expected));
                }
            }
        }
        for role in ROLES {
            let scheme = Scheme::DigestNamed(Digests::DEFAULT);
            let expected = Expected::OtherKey(role);
            trials.push(trial(
                interpreter,
                "other-key",
                scheme,
                role,
                b"another",
                expected,
            ));
        }
    }
    trials
}

fn trial(
    interpreter: Interpreter,
    name: &str,
    scheme: Scheme,
    role: Role,
    key: &'static [u8],
    expected: Expected,
) -> Trial {
    let digest = interpreter.digest.unwrap_or("its-own");
    let role_name = match role {
        Role::Listener => "listener",
        Role::Client => "client",
    };
    let version = interpreter.version;
    Trial::ignorable_test(
        format!("handshake::{name}::{role_name}::{digest}::{version}"),
        move || {
            let reference = Reference {
                dialect: Dialect::MULTIPROCESSING_3_12.with_handshake(scheme),
                authkey: Some(AuthKey::from(key)),
            };
            interpreter.run(|stage| shake_hands(stage, role, reference, expected))
        },
    )
}

/// The result of a handshake.
#[derive(Clone, Copy)]
enum Expected {
    /// The ends are connected.
    Connected,
    /// The reference refuses the peer's digest at this step.
    Refused(HandshakeStep, Digest),
    /// The ends refuse each other. The reference has this role.
    OtherKey(Role),
}

impl Expected {
    /// `CPython` takes any digest and any scheme of the reference, so that the reference alone decides: by the answer of
    /// a peer that knows nothing except MD5, or by the digest of the peer's challenge.
    fn of(interpreter: Interpreter, scheme: Scheme, role: Role) -> Self {
        let Scheme::DigestNamed(digests) = scheme else {
            return Self::Connected;
        };
        let named = match interpreter.digest {
            Some(digest) => digest.parse().expect("it is the name of a digest"),
            None if interpreter.names_digests() => Digest::Sha256,
            None => Digest::Md5,
        };
        if digests.accepts(named) {
            return Self::Connected;
        }
        let step = match role {
            Role::Client => HandshakeStep::ListenerChallenge,
            Role::Listener if interpreter.names_digests() => HandshakeStep::ClientChallenge,
            Role::Listener => HandshakeStep::ClientAnswer,
        };
        Self::Refused(step, named)
    }

    /// The step at which the handshake fails for the reference, and the reason.
    fn failure(self) -> Option<(HandshakeStep, AuthenticationFailure)> {
        match self {
            Self::Connected => None,
            Self::Refused(step, digest) => {
                Some((step, AuthenticationFailure::DigestRefused { digest }))
            }
            Self::OtherKey(Role::Listener) => Some((
                HandshakeStep::ClientAnswer,
                AuthenticationFailure::WrongAnswer,
            )),
            Self::OtherKey(Role::Client) => Some((
                HandshakeStep::ListenerVerdict,
                AuthenticationFailure::Refused,
            )),
        }
    }
}

fn shake_hands(stage: &Stage, role: Role, reference: Reference, expected: Expected) {
    // The handshake does not depend on the family.
    let family: Family = *FAMILIES.last().expect("there is one");
    let (result, succeeded, errors) = match role {
        Role::Client => {
            let (server, connected) = stage.connect_to_server(&stage.address(family), reference);
            let result = connected.map(|mut connection| send_42(&mut connection));
            let (status, errors) = server.wait();
            (result, status.success(), errors)
        }
        Role::Listener => {
            let (output, accepted) = stage.accept_client(stage.address(family), reference, box_one);
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            (accepted, output.status.success(), errors)
        }
    };
    let failure = match result {
        Ok(()) => None,
        Err(Error::AuthenticationFailed { step, reason }) => Some((step, reason)),
        Err(error) => panic!("{error}: {errors}"),
    };
    assert_eq!(failure, expected.failure(), "{errors}");
    // A peer that is refused raises an error as well.
    assert_eq!(succeeded, failure.is_none(), "{errors}");
}
