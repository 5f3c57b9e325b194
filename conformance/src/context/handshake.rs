//! Handshakes, in which the suite plays the other end step by step, and may misbehave at each step.

use std::time::{Duration, Instant};

use super::expectation::HandshakeMessage;
use super::failure::{CaseResult, EvidenceKind, Failure, Stop};
use super::outcome::{Did, OnWire};
use super::setting::Role;
use super::{Context, End, Who};
use crate::testee::ask::{self, Joined};
use crate::testee::message::OperationName;
use crate::testee::message::{Connect, ErrorKind, Listen, Listening, OperationError};
use crate::testee::session::Ticket;
use crate::wire::handshake::{self, LONGEST, Scheme};
use crate::wire::{Door, Part, Step, Wire, WireError};

/// The nonce of the suite's challenges is the beginning of this, repeated. No testee can check whether it is random.
const NONCE: &[u8] = b"the suite's 20 bytes";

/// The nonce of the suite's challenges in a scheme.
fn nonce(scheme: Scheme) -> Vec<u8> {
    let length = scheme.nonce_length();
    NONCE.iter().copied().cycle().take(length).collect()
}

/// A handshake with the testee that is in progress.
pub struct LiveHandshake {
    /// The suite's end.
    pub wire: Wire,
    /// The testee's `accept` or `connect`.
    ticket: Ticket<Joined>,
    /// The testee's challenge, once it was received.
    challenged: Option<Challenged>,
    /// Whether the suite sends its messages in segments of one byte.
    byte_by_byte: bool,
}

/// The testee's challenge.
#[derive(Clone, Debug)]
pub struct Challenged {
    /// The scheme, with the digest that the challenge names.
    pub scheme: Scheme,
    /// The nonce.
    pub nonce: Vec<u8>,
}

impl Challenged {
    /// The correct answer under a key.
    pub fn answer(&self, key: &[u8]) -> Vec<u8> {
        self.scheme.answer(key, &self.nonce)
    }

    /// What the answer signs.
    pub fn signed(&self) -> Vec<u8> {
        self.scheme.signed(&self.nonce)
    }
}

impl Context<'_> {
    /// Has the testee listen with a key.
    pub fn listen_with_key(&mut self, key: &[u8]) -> Result<Listening, Stop> {
        self.listen_with(Listen {
            address: Some(self.free_address()),
            authkey: Some(hex::encode(key)),
            ..self.listen_arguments()
        })
    }

    /// Has the testee start to accept or to connect with a key. The suite is the other end.
    pub fn begin_handshake(&mut self, key: &[u8]) -> Result<LiveHandshake, Stop> {
        match self.setting.role {
            Role::Listener => {
                let listening = self.listen_with_key(key)?;
                self.begin_accept(&listening)
            }
            Role::Client => {
                let door = self.door()?;
                let arguments = Connect {
                    address: Some(door.address().clone()),
                    authkey: Some(hex::encode(key)),
                    ..self.connect_arguments()
                };
                self.begin_connect(&door, arguments)?
                    .map_err(|error| Failure::operation(OperationName::Connect, &error).into())
            }
        }
    }

    /// Has the testee start to connect to the suite's listener, which accepts. Returns the testee's error if it fails
    /// without connecting.
    pub fn begin_connect(
        &mut self,
        door: &Door,
        arguments: Connect,
    ) -> Result<Result<LiveHandshake, OperationError>, Stop> {
        const GLANCE: Duration = Duration::from_millis(20);
        let ticket = self.start(Who::Testee, ask::connect(arguments))?;
        let deadline = Instant::now() + self.setting.patience;
        loop {
            let error = match door.accept_for(GLANCE, &self.transcript) {
                Ok(wire) => return Ok(Ok(LiveHandshake::new(wire, ticket))),
                Err(error) => error,
            };
            if let Some(result) = self.look(Who::Testee, &ticket.untyped(), Duration::ZERO)? {
                self.hold_answer(Who::Testee, &result);
                return match result {
                    Err(error) => Ok(Err(error)),
                    Ok(_) => Err(Failure::new(
                        (OperationName::Connect, Did::Succeeded),
                        "a connection on the wire",
                    )
                    .into()),
                };
            }
            if Instant::now() >= deadline {
                return Err(Failure::wire("the testee connects", &error).into());
            }
        }
    }

    /// Connects the suite to the testee's listener, which starts to accept.
    pub fn begin_accept(&mut self, listening: &Listening) -> Result<LiveHandshake, Stop> {
        let wire = self.wire_to(listening)?;
        let listener = listening.listener;
        let ticket = self.start(Who::Testee, ask::accept(listener))?;
        Ok(LiveHandshake::new(wire, ticket))
    }

    /// Connects the testee and the suite to each other, with a handshake.
    pub fn open_with_key(&mut self, key: &[u8]) -> Result<(Wire, End), Stop> {
        let mut handshake = self.begin_handshake(key)?;
        self.shake(&mut handshake, key)?;
        self.finish_handshake(handshake)
    }

    /// Completes a handshake in which both ends behave correctly.
    pub fn shake(&mut self, handshake: &mut LiveHandshake, key: &[u8]) -> CaseResult {
        Step::ALL
            .into_iter()
            .try_for_each(|step| self.step(handshake, key, step))
    }

    /// Performs the steps of a correct handshake that precede the one at which the suite sends this part.
    pub fn shake_until(
        &mut self,
        handshake: &mut LiveHandshake,
        key: &[u8],
        part: Part,
    ) -> CaseResult {
        let missing = self.step_of_suite(part);
        Step::ALL
            .into_iter()
            .take_while(|step| *step < missing)
            .try_for_each(|step| self.step(handshake, key, step))
    }

    /// The suite's challenge.
    pub fn own_challenge(&self) -> Vec<u8> {
        let scheme = self.scheme();
        scheme.challenge(&nonce(scheme))
    }

    /// The correct message of the suite for this part.
    pub fn right_message(&self, handshake: &LiveHandshake, key: &[u8], part: Part) -> Vec<u8> {
        match part {
            Part::Challenge => self.own_challenge(),
            Part::Answer => handshake.challenged().answer(key),
            Part::Verdict => self.scheme().welcome().to_vec(),
        }
    }

    /// Finishes a handshake after which the testee has a connection.
    pub fn finish_handshake(&mut self, handshake: LiveHandshake) -> Result<(Wire, End), Stop> {
        let LiveHandshake { wire, ticket, .. } = handshake;
        let end = self.finish_end(Who::Testee, &ticket)?;
        Ok((wire, end))
    }

    /// The testee's `accept` or `connect` fails. The error should have one of these kinds.
    pub fn expect_failed(
        &mut self,
        handshake: LiveHandshake,
        kinds: &[ErrorKind],
    ) -> Result<(Wire, OperationError), Stop> {
        let LiveHandshake { wire, ticket, .. } = handshake;
        let error = self.finish_error(Who::Testee, &ticket, kinds)?;
        if matches!(
            error.kind,
            ErrorKind::Undecodable | ErrorKind::NeedsClass | ErrorKind::Limit
        ) {
            let operation = ticket.operation();
            return Err(Failure::new(
                (operation, Did::TookHandshakeForObject),
                "nothing is unpickled before the handshake is over",
            )
            .breaks("handshake.no-object-before")
            .detail(format!("the testee says: {}", error.message))
            .into());
        }
        Ok((wire, error))
    }

    /// The testee's `accept` or `connect` fails within this time, although the suite sends nothing more. If it does
    /// not, the suite disconnects, so that the testee does not wait forever.
    pub fn expect_failed_by_itself(
        &mut self,
        handshake: LiveHandshake,
        patience: Duration,
        kinds: &[ErrorKind],
    ) -> Result<(Wire, OperationError), Stop> {
        let Some(result) = self.look(Who::Testee, &handshake.ticket.untyped(), patience)? else {
            let operation = handshake.ticket.operation();
            self.leave(handshake)?;
            return Err(Failure::new(
                (operation, Did::WaitsForMore),
                format!(
                    "{operation} is an error within {} s",
                    patience.as_secs_f32()
                ),
            )
            .detail("it continued only after the suite had disconnected")
            .into());
        };
        self.hold_answer(Who::Testee, &result);
        let error = self.check_error(handshake.ticket.operation(), result, kinds)?;
        Ok((handshake.wire, error))
    }

    /// The testee's `accept` or `connect` fails, and it does not answer the suite's challenge.
    pub fn expect_unanswered(
        &mut self,
        handshake: LiveHandshake,
        kinds: &[ErrorKind],
    ) -> CaseResult {
        let Some((handshake, message)) = self.answer_unless_failed(handshake, kinds)? else {
            return Ok(());
        };
        self.leave(handshake)?;
        Err(Failure::new(OnWire::Answers, "no answer, and an error")
            .detail(format!("{} bytes: {}", message.len(), hex::encode(message)))
            .into())
    }

    /// The testee's answer to the suite's challenge, or `None` if its `accept` or `connect` fails instead.
    pub fn answer_unless_failed(
        &mut self,
        handshake: LiveHandshake,
        kinds: &[ErrorKind],
    ) -> Result<Option<(LiveHandshake, Vec<u8>)>, Stop> {
        const GLANCE: Duration = Duration::from_millis(5);
        let mut handshake = handshake;
        let deadline = Instant::now() + self.setting.patience;
        while Instant::now() < deadline {
            let ticket = handshake.ticket.untyped();
            if let Some(result) = self.look(Who::Testee, &ticket, GLANCE)? {
                self.hold_answer(Who::Testee, &result);
                self.check_error(ticket.operation(), result, kinds)?;
                return Ok(None);
            }
            if !handshake.wire.has_input(GLANCE).unwrap_or(true) {
                continue;
            }
            match handshake.wire.read_message(LONGEST) {
                Ok(message) if message != self.scheme().failure() => {
                    return Ok(Some((handshake, message)));
                }
                _ => break,
            }
        }
        self.finish_error(Who::Testee, &handshake.ticket, kinds)?;
        Ok(None)
    }

    /// Disconnects the suite, and waits until the testee's `accept` or `connect` has succeeded or failed.
    pub fn leave(&mut self, handshake: LiveHandshake) -> CaseResult {
        let LiveHandshake { wire, ticket, .. } = handshake;
        wire.close();
        let left = self.finish_operation(Who::Testee, &ticket.untyped())?;
        self.hold_answer(Who::Testee, &left);
        Ok(())
    }

    /// The testee challenges the suite.
    pub fn expect_challenge(&mut self, handshake: &mut LiveHandshake) -> CaseResult {
        handshake.challenged = Some(expect_challenge(self.scheme(), &mut handshake.wire)?);
        Ok(())
    }

    /// The testee's answer, which may be wrong.
    pub fn read_answer(&mut self, handshake: &mut LiveHandshake) -> Result<Vec<u8>, Stop> {
        let requirement = self.scheme().requirement(Part::Answer);
        read(&mut handshake.wire, HandshakeMessage::Answer, requirement)
    }

    /// The testee refuses the suite's answer.
    pub fn expect_refusal(&mut self, handshake: &mut LiveHandshake) -> CaseResult {
        expect(
            self.scheme(),
            &mut handshake.wire,
            self.scheme().failure(),
            HandshakeMessage::Refusal,
            self.scheme().requirement(Part::Verdict),
        )
    }

    /// The testee welcomes the suite's answer.
    pub fn expect_welcome(&mut self, handshake: &mut LiveHandshake) -> CaseResult {
        expect(
            self.scheme(),
            &mut handshake.wire,
            self.scheme().welcome(),
            HandshakeMessage::Welcome,
            self.scheme().requirement(Part::Verdict),
        )
    }

    /// The testee's answer to the suite's challenge is this one.
    pub fn expect_same_answer(&self, came: &[u8], right: &[u8]) -> CaseResult {
        let requirement = self.scheme().requirement(Part::Answer);
        judge(
            self.scheme(),
            came,
            right,
            &[],
            HandshakeMessage::Answer,
            requirement,
        )
    }

    fn step(&mut self, handshake: &mut LiveHandshake, key: &[u8], step: Step) -> CaseResult {
        let (scheme, part) = (self.scheme(), step.part());
        if step == self.step_of_suite(part) {
            let message = self.right_message(handshake, key, part);
            return handshake.write(&message);
        }
        match part {
            Part::Challenge => self.expect_challenge(handshake),
            Part::Answer => {
                let requirement = scheme.requirement(part);
                let came = read(&mut handshake.wire, HandshakeMessage::Answer, requirement)?;
                let nonce = nonce(scheme);
                let known = [
                    (
                        scheme.answer_signing(key, &scheme.challenge(&nonce)),
                        OnWire::DigestOfChallenge,
                    ),
                    (scheme.answer_signing(key, &nonce), OnWire::DigestOfNonce),
                    (scheme.answer(&nonce, key), OnWire::DigestOfKey),
                ];
                let right = scheme.answer(key, &nonce);
                judge(
                    scheme,
                    &came,
                    &right,
                    &known,
                    HandshakeMessage::Answer,
                    requirement,
                )
            }
            Part::Verdict => self.expect_welcome(handshake),
        }
    }

    /// The step at which the suite sends this part.
    fn step_of_suite(&self, part: Part) -> Step {
        Step::of(self.setting.role.other(), part)
    }
}

impl LiveHandshake {
    fn new(wire: Wire, ticket: Ticket<Joined>) -> Self {
        Self {
            wire,
            ticket,
            challenged: None,
            byte_by_byte: false,
        }
    }

    /// The testee's challenge.
    ///
    /// # Panics
    ///
    /// Panics if it was not received yet, which is a fault of the case.
    pub fn challenged(&self) -> &Challenged {
        self.challenged
            .as_ref()
            .expect("the case has received the testee's challenge")
    }

    /// Makes the suite send its messages in segments of one byte from now on.
    pub fn send_byte_by_byte(&mut self) {
        self.byte_by_byte = true;
    }

    /// Sends a message of the handshake, which may be wrong.
    pub fn write(&mut self, payload: &[u8]) -> CaseResult {
        let written = if self.byte_by_byte {
            self.wire.write_message_byte_by_byte(payload)
        } else {
            self.wire.write_message(payload)
        };
        written
            .map_err(|error| Failure::wire("the testee stays until it is answered", &error).into())
    }
}

/// Reads the testee's challenge.
fn expect_challenge(scheme: Scheme, wire: &mut Wire) -> Result<Challenged, Stop> {
    let requirement = scheme.requirement(Part::Challenge);
    let challenge = read(wire, HandshakeMessage::Challenge, requirement)?;
    if let Some((scheme, nonce)) = scheme.read_own_challenge(&challenge) {
        return Ok(Challenged {
            scheme,
            nonce: nonce.to_vec(),
        });
    }
    let length = scheme.nonce_length();
    Err(Failure::new(
        OnWire::WrongChallenge,
        format!(
            "`{}` and {length} bytes",
            scheme.challenge(b"").escape_ascii()
        ),
    )
    .breaks(requirement)
    .detail(format!("{} bytes came", challenge.len()))
    .showing(
        EvidenceKind::String,
        &scheme.challenge(&vec![0; length]),
        &challenge,
    )
    .into())
}

/// The testee sends this message.
fn expect(
    scheme: Scheme,
    wire: &mut Wire,
    message: &[u8],
    what: HandshakeMessage,
    requirement: &'static str,
) -> CaseResult {
    let came = read(wire, what, requirement)?;
    judge(scheme, &came, message, &[], what, requirement)
}

/// The message that came is this one. The wrong messages that are known have names.
fn judge(
    scheme: Scheme,
    came: &[u8],
    message: &[u8],
    known: &[(Vec<u8>, OnWire)],
    what: HandshakeMessage,
    requirement: &'static str,
) -> CaseResult {
    if came == message {
        return Ok(());
    }
    let named = known.iter().find(|(wrong, _)| came == *wrong);
    let seen = match named {
        Some((_, known)) => *known,
        None if came == scheme.welcome() => OnWire::Welcomes,
        None if came == scheme.failure() => OnWire::Refuses,
        None if came.starts_with(scheme.challenge_prefix()) => OnWire::Challenges,
        None if handshake::read_verdict(came).is_some() => OnWire::OtherVerdict,
        None => judge_answer(came, message),
    };
    Err(Failure::new(seen, what)
        .breaks(requirement)
        .detail(format!("{} bytes came", came.len()))
        .showing(EvidenceKind::String, message, came)
        .into())
}

/// What is wrong with an answer.
fn judge_answer(came: &[u8], right: &[u8]) -> OnWire {
    match (handshake::read_answer(came), handshake::read_answer(right)) {
        (None, Some((_, signature))) if came == signature => OnWire::NamelessDigest,
        (Some((_, signature)), Some(_)) if signature == right => OnWire::NamedDigest,
        (Some((digest, _)), Some((due, _))) if digest != due => OnWire::OtherDigest,
        (Some(_), _) => OnWire::WrongDigest,
        (None, _) => OnWire::SomethingElse,
    }
}

fn read(
    wire: &mut Wire,
    what: HandshakeMessage,
    requirement: &'static str,
) -> Result<Vec<u8>, Stop> {
    wire.read_message(LONGEST)
        .map_err(|error: WireError| Failure::wire(what, &error).breaks(requirement).into())
}
