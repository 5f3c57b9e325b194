//! The messages of the SHA-1 handshake as the suite itself makes them (PROTOCOL.md, `handshake.challenge` and its
//! sisters).
//!
//! As with headers, this is deliberately not the reference's code.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// What a challenge begins with; its nonce follows.
pub const CHALLENGE: &[u8] = b"#CHALLENGE:";
/// The verdict on a right answer.
pub const WELCOME: &[u8] = b"#WELCOME";
/// The verdict on a wrong answer.
pub const REFUSAL: &[u8] = b"#AUTHENTICATION_FAILED";
/// Bytes of a nonce.
pub const NONCE_LENGTH: usize = 20;
/// Bytes that no message of a handshake exceeds, however wrong the testee that sends it; for reading.
pub const LONGEST: usize = 4096;

/// The challenge with this nonce.
pub fn challenge(nonce: &[u8]) -> Vec<u8> {
    [CHALLENGE, nonce].concat()
}

/// The nonce of a challenge, or `None` when it is none.
pub fn nonce(challenge: &[u8]) -> Option<&[u8]> {
    challenge
        .strip_prefix(CHALLENGE)
        .filter(|nonce| nonce.len() == NONCE_LENGTH)
}

/// The answer to the challenge with this nonce: HMAC-SHA1 under the key, 20 bytes.
///
/// # Panics
///
/// Never: HMAC takes a key of any length.
pub fn answer(key: &[u8], nonce: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(nonce);
    mac.finalize().into_bytes().to_vec()
}

/// One message of a handshake. The listener challenges first; then the roles are swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The listener's challenge.
    ListenerChallenges,
    /// The client's answer.
    ClientAnswers,
    /// The listener's verdict on it.
    ListenerDecides,
    /// The client's challenge.
    ClientChallenges,
    /// The listener's answer.
    ListenerAnswers,
    /// The client's verdict on it, after which messages may come.
    ClientDecides,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::ListenerChallenges,
        Self::ClientAnswers,
        Self::ListenerDecides,
        Self::ClientChallenges,
        Self::ListenerAnswers,
        Self::ClientDecides,
    ];

    /// Whether the listener sends it.
    pub fn is_listeners(self) -> bool {
        matches!(
            self,
            Self::ListenerChallenges | Self::ListenerDecides | Self::ListenerAnswers
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2202, test cases 1, 2, 3 and 6: short keys, and one that is longer than a block.
    #[test]
    fn answers_are_hmac_sha1() {
        for (key, nonce, expected) in [
            (
                &[0x0b; 20][..],
                &b"Hi There"[..],
                "b617318655057264e28bc0b6fb378c8ef146be00",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            ),
            (
                &[0xaa; 20],
                &[0xdd; 50],
                "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
            ),
            (
                &[0xaa; 80],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "aa4ae5e15272d00e95705637ce8a3b55ed402112",
            ),
        ] {
            assert_eq!(hex::encode(answer(key, nonce)), expected);
        }
    }

    #[test]
    fn a_challenge_is_its_prefix_and_20_bytes() {
        let right = challenge(&[7; NONCE_LENGTH]);
        assert_eq!(nonce(&right), Some(&[7; NONCE_LENGTH][..]));
        assert_eq!(nonce(&right[..30]), None);
        assert_eq!(nonce(&[&right[..], b"x"].concat()), None);
        assert_eq!(nonce(b"#CHALLENGE#aaaaaaaaaaaaaaaaaaaa"), None);
    }
}
