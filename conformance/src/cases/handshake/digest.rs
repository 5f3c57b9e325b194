//! Challenges that name their digest, and what the older scheme of `multiprocessing` makes of them.

use super::super::{Case, Handshakes, Needs, Role, each_named};
use super::{FAILED, HANDSHAKE, KEY, KEYED};
use crate::context::Context;
use crate::context::expectation::HandshakeMessage;
use crate::context::failure::{CaseResult, Cause, Failure, Stop};
use crate::context::handshake::{Challenged, LiveHandshake};
use crate::context::outcome::OnWire;
use crate::requirements::Level;
use crate::testee::message::ErrorKind;
use crate::wire::handshake::Scheme;
use crate::wire::{Digest, Part};

/// The case is about challenges that name their digest.
const NAMED: Needs = Needs {
    handshake: Handshakes::Among(&[Scheme::Named(Digest::Sha256)]),
    ..KEYED
};
/// The case is about the older scheme of `multiprocessing`.
const MD5: Needs = Needs {
    handshake: Handshakes::Among(&[Scheme::Md5]),
    ..KEYED
};

const DIGEST: Case = Case {
    needs: NAMED,
    ..HANDSHAKE
};

/// The cases of this area about the digests of answers.
pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        id: "handshake/digest/never-wrong",
        about: "A challenge that names a digest is answered with that digest, or not at all.",
        requirements: &["handshake.named-answer", "handshake.right-or-none"],
        parameters: |_| each_named("digest", &DIGESTS),
        run: |context| named(context, Unanswered::Allowed),
        ..DIGEST
    },
    Case {
        id: "handshake/digest/answered",
        about: "A challenge is answered, whichever of the five digests it names.",
        level: Level::Should,
        requirements: &["handshake.named-digests"],
        parameters: |_| each_named("digest", &DIGESTS),
        run: |context| named(context, Unanswered::Unexpected),
        ..DIGEST
    },
    Case {
        id: "handshake/digest/unknown",
        about: "A challenge that names no digest, or one that is not among the five, is an error and is not answered.",
        requirements: &["handshake.unknown-digest"],
        parameters: |_| each_named("name", &UNKNOWN),
        run: unknown,
        ..DIGEST
    },
    Case {
        id: "handshake/digest/short-challenge",
        about: "A challenge with fewer than 20 bytes after its prefix is an error and is not answered.",
        requirements: &["handshake.short-challenge"],
        parameters: |_| each_named("challenge", &TOO_SHORT),
        run: short_challenge,
        ..DIGEST
    },
    Case {
        id: "handshake/digest/wrong-answer",
        about: "An answer with a wrong name, without a name, or with a digest of something else is refused.",
        requirements: &["handshake.wrong-answer", "handshake.md5-verdict"],
        parameters: |_| each_named("answer", &WRONG),
        run: wrong_answer,
        ..DIGEST
    },
    Case {
        id: "handshake/digest/other-than-asked",
        about: "An answer with another digest than the one that the challenge names is refused, even if it is a correct digest under the key.",
        level: Level::Should,
        requirements: &["handshake.digest-as-asked"],
        parameters: |_| each_named("digest", &DIGESTS),
        run: other_than_asked,
        ..DIGEST
    },
    Case {
        id: "handshake/older/challenge-never-wrong",
        about: "A challenge of 20 bytes is answered with HMAC-MD5, without a name, or not at all.",
        requirements: &["handshake.right-or-none"],
        parameters: |_| each_named("challenge", &OLDER),
        run: |context| older_challenge(context, Unanswered::Allowed),
        ..DIGEST
    },
    Case {
        id: "handshake/older/challenge-answered",
        about: "A challenge of 20 bytes is answered, as it comes from an end of Python 3.11 or earlier.",
        level: Level::Should,
        requirements: &["handshake.older-challenge"],
        parameters: |_| each_named("challenge", &OLDER),
        run: |context| older_challenge(context, Unanswered::Unexpected),
        ..DIGEST
    },
    Case {
        id: "handshake/older/answer",
        about: "An answer of 16 bytes is accepted if it is the HMAC-MD5 of everything that follows the prefix of the challenge, as it comes from an end of Python 3.11 or earlier.",
        level: Level::Should,
        requirements: &["handshake.older-answer"],
        run: older_answer,
        ..DIGEST
    },
    Case {
        id: "handshake/older/whole-handshake",
        about: "A whole handshake with an end of Python 3.11 or earlier succeeds, and messages are exchanged.",
        level: Level::Should,
        requirements: &["handshake.older-answer", "handshake.older-challenge"],
        run: older_handshake,
        ..DIGEST
    },
    Case {
        id: "handshake/newer/never-wrong",
        about: "An end of the older scheme answers a challenge that names its digest with the HMAC-MD5 of everything after the prefix, or not at all.",
        requirements: &["handshake.right-or-none"],
        parameters: |_| each_named("digest", &DIGESTS),
        needs: MD5,
        run: |context| newer_challenge(context, Unanswered::Allowed),
        ..DIGEST
    },
    Case {
        id: "handshake/newer/answered",
        about: "An end of the older scheme answers a challenge that names its digest, as it comes from Python 3.12 and later.",
        level: Level::Should,
        requirements: &["handshake.answers-named"],
        parameters: |_| each_named("digest", &DIGESTS),
        needs: MD5,
        run: |context| newer_challenge(context, Unanswered::Unexpected),
        ..DIGEST
    },
    Case {
        id: "handshake/length/257",
        about: "A challenge of 257 bytes, which is longer than any message of the handshake may be, is an error and is not answered.",
        level: Level::Should,
        requirements: &["handshake.length-256", "handshake.length"],
        needs: Needs {
            handshake: Handshakes::Among(&[Scheme::Md5, Scheme::Named(Digest::Sha256)]),
            ..KEYED
        },
        run: too_long,
        ..DIGEST
    },
];

const DIGESTS: [(&str, Digest); 5] = [
    ("md5", Digest::Md5),
    ("sha256", Digest::Sha256),
    ("sha384", Digest::Sha384),
    ("sha3_256", Digest::Sha3_256),
    ("sha3_384", Digest::Sha3_384),
];

/// What stands where the name of a digest is expected.
const UNKNOWN: [(&str, &[u8]); 9] = [
    ("none", b""),
    ("empty", b"{}"),
    ("sha1", b"{sha1}"),
    ("sha512", b"{sha512}"),
    ("upper-case", b"{SHA256}"),
    ("blank", b"{sha256 }"),
    ("hyphen", b"{sha3-256}"),
    ("unclosed", b"{sha256"),
    ("not-at-the-beginning", b" {sha256}"),
];

/// What follows the prefix of a challenge.
const TOO_SHORT: [(&str, &[u8]); 5] = [
    ("empty", b""),
    ("1-byte", b"n"),
    ("19-bytes", b"nineteen bytes here"),
    ("name-only", b"{sha256}"),
    ("name-and-11-bytes", b"{sha256}eleven more"),
];

/// Challenges of exactly 20 bytes after the prefix.
const OLDER: [(&str, &[u8; 20]); 2] = [
    ("without-name", b"the suite's 20 bytes"),
    ("like-a-name", b"{sha256}twelve bytes"),
];

/// Makes a wrong answer to the testee's challenge.
type Wrong = fn(&Challenged) -> Vec<u8>;

const WRONG: [(&str, Wrong); 10] = [
    ("without-name", |challenged| {
        challenged.scheme.digest().sign(KEY, &challenged.signed())
    }),
    ("name-only", |challenged| {
        in_braces(challenged.scheme.digest().name())
    }),
    ("upper-case-name", |challenged| {
        let digest = challenged.scheme.digest();
        let name = in_braces(&digest.name().to_uppercase());
        [name, digest.sign(KEY, &challenged.signed())].concat()
    }),
    ("other-name", |challenged| {
        let digest = challenged.scheme.digest();
        [
            in_braces(other(digest).name()),
            digest.sign(KEY, &challenged.signed()),
        ]
        .concat()
    }),
    ("unknown-name", |challenged| {
        [
            in_braces("sha1"),
            Digest::Sha1.sign(KEY, &challenged.signed()),
        ]
        .concat()
    }),
    ("nonce-only", |challenged| {
        let Challenged { scheme, nonce } = challenged;
        scheme.answer_signing(KEY, nonce)
    }),
    ("cut-to-16-bytes", |challenged| {
        challenged.scheme.digest().sign(KEY, &challenged.signed())[..16].to_vec()
    }),
    ("md5-with-other-key", |challenged| {
        Digest::Md5.sign(b"another key", &challenged.signed())
    }),
    ("md5-of-nonce-only", |challenged| {
        Digest::Md5.sign(KEY, &challenged.nonce)
    }),
    ("16-zeros", |_| vec![0; 16]),
];

/// Whether the testee may fail instead of answering.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unanswered {
    Allowed,
    Unexpected,
}

/// `{sha256}`.
fn in_braces(name: &str) -> Vec<u8> {
    format!("{{{name}}}").into_bytes()
}

/// Another digest, of the same length if there is one.
fn other(digest: Digest) -> Digest {
    match digest {
        Digest::Sha256 => Digest::Sha3_256,
        Digest::Sha384 => Digest::Sha3_384,
        Digest::Sha3_384 => Digest::Sha384,
        Digest::Md5 | Digest::Sha1 | Digest::Sha3_256 => Digest::Sha256,
    }
}

/// The suite sends a challenge. The testee answers it correctly, or fails, if that is allowed.
fn answered(
    context: &mut Context<'_>,
    challenge: &[u8],
    right: &[u8],
    unanswered: Unanswered,
) -> CaseResult {
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Challenge)?;
    handshake.write(challenge)?;
    match context.answer_unless_failed(handshake, FAILED)? {
        Some((handshake, answer)) => {
            context.leave(handshake)?;
            context.expect_same_answer(&answer, right)
        }
        None if unanswered == Unanswered::Allowed => Ok(()),
        None => Err(Failure::new(OnWire::NothingCame, HandshakeMessage::Answer)
            .detail("the testee's operation is an error")
            .into()),
    }
}

fn named(context: &mut Context<'_>, unanswered: Unanswered) -> CaseResult {
    let scheme = Scheme::Named(context.setting.parameters.look_up("digest", &DIGESTS));
    let nonce = vec![b'n'; scheme.nonce_length()];
    answered(
        context,
        &scheme.challenge(&nonce),
        &scheme.answer(KEY, &nonce),
        unanswered,
    )
}

fn older_challenge(context: &mut Context<'_>, unanswered: Unanswered) -> CaseResult {
    let nonce = context.setting.parameters.look_up("challenge", &OLDER);
    answered(
        context,
        &Scheme::Md5.challenge(nonce),
        &Scheme::Md5.answer(KEY, nonce),
        unanswered,
    )
}

fn newer_challenge(context: &mut Context<'_>, unanswered: Unanswered) -> CaseResult {
    let scheme = Scheme::Named(context.setting.parameters.look_up("digest", &DIGESTS));
    let nonce = vec![b'n'; scheme.nonce_length()];
    answered(
        context,
        &scheme.challenge(&nonce),
        &Scheme::Md5.answer(KEY, &scheme.signed(&nonce)),
        unanswered,
    )
}

fn not_answered(context: &mut Context<'_>, challenge: &[u8], kinds: &[ErrorKind]) -> CaseResult {
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Challenge)?;
    handshake.write(challenge)?;
    context.expect_unanswered(handshake, kinds)
}

fn unknown(context: &mut Context<'_>) -> CaseResult {
    let name = context.setting.parameters.look_up("name", &UNKNOWN);
    let scheme = context.scheme();
    let nonce = vec![b'n'; scheme.nonce_length()];
    not_answered(
        context,
        &[scheme.challenge_prefix(), name, &nonce].concat(),
        FAILED,
    )
}

fn short_challenge(context: &mut Context<'_>) -> CaseResult {
    let rest = context.setting.parameters.look_up("challenge", &TOO_SHORT);
    let prefix = context.scheme().challenge_prefix();
    not_answered(context, &[prefix, rest].concat(), FAILED)
}

fn too_long(context: &mut Context<'_>) -> CaseResult {
    const LENGTH: usize = 257;
    let scheme = context.scheme();
    let nonce = vec![b'n'; LENGTH - scheme.challenge(b"").len()];
    not_answered(
        context,
        &scheme.challenge(&nonce),
        &[ErrorKind::AuthenticationFailed, ErrorKind::TooLong],
    )
}

/// The suite answers the testee's challenge.
fn answer_with(
    context: &mut Context<'_>,
    answer: impl FnOnce(&Challenged) -> Vec<u8>,
) -> Result<LiveHandshake, Stop> {
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Answer)?;
    let answer = answer(handshake.challenged());
    handshake.write(&answer)?;
    Ok(handshake)
}

fn wrong_answer(context: &mut Context<'_>) -> CaseResult {
    let wrong = context.setting.parameters.look_up("answer", &WRONG);
    let mut handshake = answer_with(context, wrong)?;
    context.expect_refusal(&mut handshake)?;
    context.expect_failed(handshake, FAILED).map(drop)
}

fn other_than_asked(context: &mut Context<'_>) -> CaseResult {
    let digest = context.setting.parameters.look_up("digest", &DIGESTS);
    let mut handshake = answer_with(context, |challenged| {
        Scheme::Named(digest).answer_signing(KEY, &challenged.signed())
    })?;
    if handshake.challenged().scheme.digest() == digest {
        context.leave(handshake)?;
        return Err(Stop::NotApplicable(
            "this is the digest that the testee asks for".into(),
        ));
    }
    context.expect_refusal(&mut handshake).map_err(|stop| {
        stop.breaks("handshake.digest-as-asked")
            .caused_by(Cause::AnyDigestAccepted)
    })?;
    context.expect_failed(handshake, FAILED).map(drop)
}

/// The answer that an end of the older scheme gives.
fn answer_of_older(challenged: &Challenged) -> Vec<u8> {
    Scheme::Md5.answer(KEY, &challenged.signed())
}

fn older_answer(context: &mut Context<'_>) -> CaseResult {
    let mut handshake = answer_with(context, answer_of_older)?;
    context
        .expect_welcome(&mut handshake)
        .map_err(|stop| stop.breaks("handshake.older-answer"))?;
    context.leave(handshake)
}

fn older_handshake(context: &mut Context<'_>) -> CaseResult {
    let mut handshake = context.begin_handshake(KEY)?;
    let nonce = b"the suite's 20 bytes";
    for challenger in [Role::Listener, Role::Client] {
        if challenger == context.setting.role {
            context.expect_challenge(&mut handshake)?;
            let answer = answer_of_older(handshake.challenged());
            handshake.write(&answer)?;
            context.expect_welcome(&mut handshake)?;
        } else {
            handshake.write(&Scheme::Md5.challenge(nonce))?;
            let answer = context.read_answer(&mut handshake)?;
            context.expect_same_answer(&answer, &Scheme::Md5.answer(KEY, nonce))?;
            handshake.write(Scheme::Md5.welcome())?;
        }
    }
    let (mut wire, end) = context.finish_handshake(handshake)?;
    context.expect_in_step(&mut wire, end)
}
