//! The handshake when the other end misbehaves, in each of the messages that it sends.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::super::{Case, each, each_named};
use super::{FAILED, HANDSHAKE, KEY, KEYED, KEYED_OBJECTS, PARTS, SCHEME};
use crate::context::Context;
use crate::context::failure::{CaseResult, Failure};
use crate::context::outcome::Did;
use crate::requirements::Level;
use crate::testee::message::ErrorKind;
use crate::testee::message::OperationName;
use crate::wire::Part;

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
        run: |context| wrong_verdict(context, SCHEME.failure()),
        ..HANDSHAKE
    },
    Case {
        id: "handshake/verdict/neither",
        about: "A verdict that is neither a welcome nor a refusal is an error.",
        requirements: &["handshake.refused"],
        parameters: |_| each_named("verdict", &VERDICTS),
        run: |context| {
            let verdict = context.setting.parameters.look_up("verdict", &VERDICTS);
            wrong_verdict(context, verdict)
        },
        ..HANDSHAKE
    },
    Case {
        id: "handshake/challenge/not-one",
        about: "A message that is not a challenge, where one is expected, is an error.",
        requirements: &["handshake.not-a-challenge"],
        parameters: |_| each_named("message", &INVALID_CHALLENGES),
        run: |context| {
            let message = context
                .setting
                .parameters
                .look_up("message", &INVALID_CHALLENGES);
            wrong_challenge(context, message)
        },
        ..HANDSHAKE
    },
    Case {
        id: "handshake/challenge/length",
        about: "A challenge that is not 20 bytes long is not answered.",
        level: Level::Should,
        requirements: &["handshake.challenge-length"],
        parameters: |_| each("bytes", [0, 1, 19, 21, 64, 200]),
        run: |context| {
            let length = context.setting.parameters.number("bytes");
            let challenge = SCHEME.challenge(&vec![b'n'; length]);
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

/// Makes an answer from the correct one and the nonce.
type Answer = fn(right: &[u8], nonce: &[u8]) -> Vec<u8>;

/// Answers that are wrong.
const ANSWERS: [(&str, Answer); 15] = [
    ("other-key", |_, nonce| SCHEME.answer(b"another key", nonce)),
    ("key-and-newline", |_, nonce| {
        SCHEME.answer(&[KEY, b"\n"].concat(), nonce)
    }),
    ("first-byte", |right, _| changed(right, 0)),
    ("middle-byte", |right, _| changed(right, 10)),
    ("last-byte", |right, _| changed(right, 19)),
    ("one-bit", |right, _| {
        let mut wrong = right.to_vec();
        wrong[12] ^= 1;
        wrong
    }),
    ("short", |right, _| right[..19].to_vec()),
    ("long", |right, _| [right, b"\0"].concat()),
    ("first-byte-only", |right, _| right[..1].to_vec()),
    ("empty", |_, _| Vec::new()),
    ("hexadecimal", |right, _| hex::encode(right).into_bytes()),
    ("sha256", |_, nonce| hmac_sha256(nonce)),
    ("sha256-cut", |_, nonce| hmac_sha256(nonce)[..20].to_vec()),
    ("sha1-without-hmac", |_, nonce| {
        Sha1::digest([KEY, nonce].concat()).to_vec()
    }),
    ("of-whole-challenge", |_, nonce| {
        SCHEME.answer(KEY, &SCHEME.challenge(nonce))
    }),
];

const VERDICTS: [(&str, &[u8]); 9] = [
    ("empty", b""),
    ("lower-case", b"#welcome"),
    ("cut", b"#WELCOM"),
    ("longer", b"#WELCOME!"),
    ("newline", b"#WELCOME\n"),
    ("without-hash", b"WELCOME"),
    ("multiprocessing-failure", b"#FAILURE#"),
    ("zeros", &[0; 8]),
    ("object", super::FORTY_TWO),
];

const INVALID_CHALLENGES: [(&str, &[u8]); 8] = [
    ("empty", b""),
    ("nonce-only", b"the suite's 20 bytes"),
    ("lower-case", b"#challenge:the suite's 20 bytes"),
    ("cut-prefix", b"#CHALLENGE"),
    ("of-multiprocessing", b"#CHALLENGE#the suite's 20 bytes"),
    ("blank-before", b" #CHALLENGE:the suite's 20 bytes"),
    ("welcome", SCHEME.welcome()),
    ("refusal", SCHEME.failure()),
];

fn changed(right: &[u8], at: usize) -> Vec<u8> {
    let mut wrong = right.to_vec();
    wrong[at] ^= 0xff;
    wrong
}

fn hmac_sha256(nonce: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("HMAC takes a key of any length");
    mac.update(nonce);
    mac.finalize().into_bytes().to_vec()
}

fn wrong_answer(context: &mut Context<'_>) -> CaseResult {
    let wrong = context.setting.parameters.look_up("answer", &ANSWERS);
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Answer)?;
    let right = context.right_message(&handshake, KEY, Part::Answer);
    let answer = wrong(&right, handshake.challenged_with());
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

fn wrong_challenge(context: &mut Context<'_>, challenge: &[u8]) -> CaseResult {
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Challenge)?;
    handshake.write(challenge)?;
    context.expect_unanswered(handshake, FAILED)
}

fn reflected(context: &mut Context<'_>) -> CaseResult {
    let mut handshake = context.begin_handshake(KEY)?;
    context.shake_until(&mut handshake, KEY, Part::Challenge)?;
    let own = SCHEME.challenge(handshake.challenged_with());
    handshake.write(&own)?;
    context.expect_unanswered(handshake, FAILED)
}

fn passed_on(context: &mut Context<'_>) -> CaseResult {
    let mut first = context.begin_handshake(KEY)?;
    // The suite does not use the key: it sends an arbitrary challenge, welcomes any answer, and is challenged in turn.
    first.write(&SCHEME.challenge(b"anything of 20 bytes"))?;
    context.expect_some_answer(&mut first)?;
    first.write(SCHEME.welcome())?;
    context.expect_challenge(&mut first)?;

    let mut second = context.begin_handshake(KEY)?;
    second.write(&SCHEME.challenge(first.challenged_with()))?;
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
