//! The handshake when the other end misbehaves, in each of the messages that it sends.

use std::time::Duration;

use sha1::{Digest as _, Sha1};

use super::super::{Case, Handshakes, Needs, each, each_named};
use super::{FAILED, HANDSHAKE, KEY, KEYED, KEYED_OBJECTS, PARTS};
use crate::context::Context;
use crate::context::failure::{CaseResult, Failure, Stop};
use crate::context::handshake::Challenged;
use crate::context::outcome::Did;
use crate::requirements::Level;
use crate::testee::message::ErrorKind;
use crate::testee::message::OperationName;
use crate::wire::handshake::Scheme;
use crate::wire::{Digest, Part};

/// The cases of this area in which the other end misbehaves.
pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        id: "handshake/answer/wrong",
        about: "A wrong answer is refused, and the testee's operation ends with an error.",
        requirements: &["handshake.wrong-answer", "handshake.verdict"],
        parameters: |_| each_named("answer", &ANSWERS),
        run: wrong_answer,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/answer/replayed",
        about: "The answer to an old challenge is refused.",
        requirements: &["handshake.fresh", "handshake.wrong-answer"],
        run: replayed,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/verdict/refused",
        about: "A testee that is refused reports an error.",
        requirements: &["handshake.refused"],
        run: |context| wrong_verdict(context, context.scheme().failure()),
        ..HANDSHAKE
    },
    Case {
        id: "handshake/verdict/neither",
        about: "A verdict that is neither a welcome nor a refusal is an error.",
        requirements: &["handshake.refused"],
        parameters: |_| each_named("verdict", &VERDICTS),
        run: neither_verdict,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/challenge/not-one",
        about: "A message that is not a challenge, where one is expected, is an error.",
        requirements: &["handshake.not-a-challenge"],
        parameters: |_| each_named("message", &INVALID_CHALLENGES),
        run: not_a_challenge,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/challenge/length",
        about: "A challenge that is not 20 bytes long is not answered.",
        level: Level::Should,
        requirements: &["handshake.challenge-length"],
        parameters: |_| each("bytes", [0, 1, 19, 21, 64, 200]),
        needs: Needs {
            handshake: Handshakes::Among(&[Scheme::Processing, Scheme::Md5]),
            ..KEYED
        },
        run: |context| {
            let length = context.setting.parameters.number("bytes");
            let challenge = context.scheme().challenge(&vec![b'n'; length]);
            wrong_challenge(context, &challenge)
        },
        ..HANDSHAKE
    },
    Case {
        id: "handshake/challenge/reflected",
        about: "A testee that receives its own challenge does not answer it.",
        level: Level::Should,
        requirements: &["handshake.reflection"],
        // A client receives a challenge before it has sent one.
        roles: &[super::Role::Listener],
        run: reflected,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/challenge/passed-on",
        about: "A listener without the key cannot get the answer to a client's challenge from another connection of the same client.",
        level: Level::Should,
        requirements: &["handshake.reflection"],
        roles: &[super::Role::Client],
        run: passed_on,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/order/object-instead",
        about: "An object that arrives in place of a part of the handshake is not unpickled.",
        requirements: &["handshake.no-object-before"],
        parameters: |_| each_named("of", &PARTS),
        needs: KEYED_OBJECTS,
        run: object_instead,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/stops/leaves",
        about: "It is an error if the other end leaves in the middle of the handshake.",
        requirements: &["handshake.mutual", "error.survive"],
        parameters: |_| each_named("before", &PARTS),
        run: |context| leaves(context, 0),
        ..HANDSHAKE
    },
    Case {
        id: "handshake/stops/inside",
        about: "It is an error if the other end leaves inside a message of the handshake.",
        requirements: &["handshake.mutual", "closing.end-in-payload"],
        parameters: |_| each_named("of", &PARTS),
        needs: KEYED.over_streams(),
        run: |context| leaves(context, 7),
        ..HANDSHAKE
    },
    Case {
        id: "handshake/length/announced",
        about: "A header that announces more bytes than any message of the handshake has is refused at once.",
        level: Level::Should,
        requirements: &["handshake.length"],
        parameters: |_| each_named("instead-of", &PARTS),
        needs: KEYED.over_streams(),
        run: announced,
        ..HANDSHAKE
    },
    Case {
        id: "handshake/closes/after-failure",
        about: "After a failed handshake the connection is closed.",
        level: Level::Should,
        requirements: &["handshake.closes"],
        run: closes,
        ..HANDSHAKE
    },
];

/// Makes an answer from the testee's challenge and the correct answer.
type Answer = fn(challenged: &Challenged, right: &[u8]) -> Vec<u8>;

/// Answers that are wrong.
const ANSWERS: [(&str, Answer); 15] = [
    ("other-key", |challenged, _| {
        challenged.answer(b"another key")
    }),
    ("key-and-newline", |challenged, _| {
        challenged.answer(&[KEY, b"\n"].concat())
    }),
    ("first-byte", |_, right| changed(right, 0)),
    ("middle-byte", |_, right| changed(right, right.len() / 2)),
    ("last-byte", |_, right| changed(right, right.len() - 1)),
    ("one-bit", |_, right| {
        let mut wrong = right.to_vec();
        wrong[12] ^= 1;
        wrong
    }),
    ("short", |_, right| right[..right.len() - 1].to_vec()),
    ("long", |_, right| [right, b"\0"].concat()),
    ("first-byte-only", |_, right| right[..1].to_vec()),
    ("empty", |_, _| Vec::new()),
    ("hexadecimal", |_, right| hex::encode(right).into_bytes()),
    ("sha256", |challenged, _| {
        Digest::Sha256.sign(KEY, &challenged.nonce)
    }),
    ("sha256-cut", |challenged, _| {
        Digest::Sha256.sign(KEY, &challenged.nonce)[..20].to_vec()
    }),
    ("sha1-without-hmac", |challenged, _| {
        Sha1::digest([KEY, &challenged.nonce].concat()).to_vec()
    }),
    ("of-whole-challenge", |Challenged { scheme, nonce }, _| {
        scheme.answer_signing(KEY, &scheme.challenge(nonce))
    }),
];

/// A message that depends on the scheme.
type Message = fn(Scheme) -> Vec<u8>;

const VERDICTS: [(&str, Message); 9] = [
    ("empty", |_| Vec::new()),
    ("lower-case", |scheme| scheme.welcome().to_ascii_lowercase()),
    ("cut", |scheme| {
        let welcome = scheme.welcome();
        welcome[..welcome.len() - 1].to_vec()
    }),
    ("longer", |scheme| [scheme.welcome(), b"!"].concat()),
    ("newline", |scheme| [scheme.welcome(), b"\n"].concat()),
    ("without-hash", |scheme| scheme.welcome()[1..].to_vec()),
    ("multiprocessing-failure", |_| b"#FAILURE#".to_vec()),
    ("zeros", |_| vec![0; 8]),
    ("object", |_| super::FORTY_TWO.to_vec()),
];

const INVALID_CHALLENGES: [(&str, Message); 9] = [
    ("empty", |_| Vec::new()),
    ("nonce-only", |_| NONCE.to_vec()),
    ("lower-case", |scheme| {
        let prefix = scheme.challenge_prefix().to_ascii_lowercase();
        [&*prefix, NONCE].concat()
    }),
    ("cut-prefix", |scheme| {
        let prefix = scheme.challenge_prefix();
        prefix[..prefix.len() - 1].to_vec()
    }),
    ("of-processing", |_| Scheme::Processing.challenge(NONCE)),
    ("of-multiprocessing", |_| Scheme::Md5.challenge(NONCE)),
    ("blank-before", |scheme| {
        [b" ", &*scheme.challenge(NONCE)].concat()
    }),
    ("welcome", |scheme| scheme.welcome().to_vec()),
    ("refusal", |scheme| scheme.failure().to_vec()),
];

const NONCE: &[u8] = b"the suite's 20 bytes";

fn changed(right: &[u8], at: usize) -> Vec<u8> {
    let mut wrong = right.to_vec();
    wrong[at] ^= 0xff;
    wrong
}

fn wrong_answer(context: &mut Context<'_>) -> CaseResult {
    let wrong = context.setting.parameters.look_up("answer", &ANSWERS);
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Answer)?;
    let right = context.right_message(&handshake, KEY, Part::Answer);
    let answer = wrong(handshake.challenged(), &right);
    handshake.write(&answer)?;
    context.expect_refusal(&mut handshake)?;
    context.expect_failed(handshake, FAILED).map(drop)
}

fn replayed(context: &mut Context<'_>) -> CaseResult {
    let mut old = context.begin_handshake(KEY)?;
    context.shake(&mut old, KEY)?;
    let answer = context.right_message(&old, KEY, Part::Answer);
    context.finish_handshake(old)?;

    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Answer)?;
    handshake.write(&answer)?;
    context.expect_refusal(&mut handshake)?;
    context.expect_failed(handshake, FAILED).map(drop)
}

fn wrong_verdict(context: &mut Context<'_>, verdict: &[u8]) -> CaseResult {
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Verdict)?;
    handshake.write(verdict)?;
    context.expect_failed(handshake, FAILED).map(drop)
}

fn neither_verdict(context: &mut Context<'_>) -> CaseResult {
    let scheme = context.scheme();
    let verdict = context.setting.parameters.look_up("verdict", &VERDICTS)(scheme);
    if verdict == scheme.failure() {
        return Err(Stop::NotApplicable(
            "this is the refusal of the dialect".into(),
        ));
    }
    wrong_verdict(context, &verdict)
}

fn not_a_challenge(context: &mut Context<'_>) -> CaseResult {
    let scheme = context.scheme();
    let messages = &INVALID_CHALLENGES;
    let message = context.setting.parameters.look_up("message", messages)(scheme);
    if message.starts_with(scheme.challenge_prefix()) {
        return Err(Stop::NotApplicable(
            "this is a challenge of the dialect".into(),
        ));
    }
    wrong_challenge(context, &message)
}

fn wrong_challenge(context: &mut Context<'_>, challenge: &[u8]) -> CaseResult {
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Challenge)?;
    handshake.write(challenge)?;
    context.expect_unanswered(handshake, FAILED)
}

fn reflected(context: &mut Context<'_>) -> CaseResult {
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Challenge)?;
    let Challenged { scheme, nonce } = handshake.challenged();
    let own = scheme.challenge(nonce);
    handshake.write(&own)?;
    context.expect_unanswered(handshake, FAILED)
}

fn passed_on(context: &mut Context<'_>) -> CaseResult {
    let mut first = context.begin_handshake(KEY)?;
    // The suite does not use the key: it sends an arbitrary challenge, welcomes any answer, and is challenged in turn.
    first.write(&context.own_challenge())?;
    context.read_answer(&mut first)?;
    first.write(context.scheme().welcome())?;
    context.expect_challenge(&mut first)?;

    let mut second = context.begin_handshake(KEY)?;
    let Challenged { scheme, nonce } = first.challenged();
    second.write(&scheme.challenge(nonce))?;
    let Some((second, answer)) = context.answer_unless_failed(second, FAILED)? else {
        first.write(b"no answer, then")?;
        return context.expect_failed(first, FAILED).map(drop);
    };
    context.leave(second)?;
    first.write(&answer)?;
    let (_, end) = context.finish_handshake(first)?;
    Err(Failure::new(
        (OperationName::Connect, Did::TakenIn),
        "the client does not answer its own challenge",
    )
    .detail(format!(
        "the testee now has connection {} to this listener",
        end.handle
    ))
    .into())
}

fn object_instead(context: &mut Context<'_>) -> CaseResult {
    // No implementation has this class, so a testee that unpickles this reports that the class is missing.
    const NEEDS_A_CLASS: &[u8] = b"\x80\x02cnowhere_to_be_found\nNobody\n)\x81.";
    let part = context.setting.parameters.look_up("of", &PARTS);
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, part)?;
    handshake.write(NEEDS_A_CLASS)?;
    context.expect_failed(handshake, FAILED).map(drop)
}

/// The suite sends the first `sent` bytes of its next message, possibly none, and leaves.
fn leaves(context: &mut Context<'_>, sent: usize) -> CaseResult {
    let parameter = if sent == 0 { "before" } else { "of" };
    let part = context.setting.parameters.look_up(parameter, &PARTS);
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, part)?;
    if sent > 0 {
        let whole = context.message(&context.right_message(&handshake, KEY, part));
        context.write(&mut handshake.wire, &whole[..sent])?;
    }
    handshake
        .wire
        .end()
        .map_err(|error| Failure::wire("the testee waits", &error))?;
    let kinds = &[
        ErrorKind::Closed,
        ErrorKind::Cut,
        ErrorKind::AuthenticationFailed,
    ];
    context.expect_failed(handshake, kinds).map(drop)
}

fn announced(context: &mut Context<'_>) -> CaseResult {
    const MUCH: u64 = 16 << 20;
    let part = context.setting.parameters.look_up("instead-of", &PARTS);
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, part)?;
    let header = context.header(MUCH);
    context.write(&mut handshake.wire, &header)?;
    let kinds = &[ErrorKind::AuthenticationFailed, ErrorKind::TooLong];
    // The testee has nothing to wait for; if it waits for more bytes, it waits forever.
    let at_once = context.setting.patience.min(Duration::from_secs(2));
    context
        .expect_failed_by_itself(handshake, at_once, kinds)
        .map(drop)
}

fn closes(context: &mut Context<'_>) -> CaseResult {
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Answer)?;
    handshake.write(b"not the answer at all")?;
    context.expect_refusal(&mut handshake)?;
    let (mut wire, _) = context.expect_failed(handshake, FAILED)?;
    context.expect_end(&mut wire, "handshake.closes")
}
