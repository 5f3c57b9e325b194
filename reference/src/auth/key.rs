//! The key that both ends share.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

/// The secret that both ends share: `authkey` in Python.
///
/// It may contain any bytes and have any length except 0. It is overwritten in memory when it is
/// dropped, and it is never printed. It can be made from bytes, or from text, which is encoded as
/// UTF-8:
///
/// ```
/// use processing_connection::AuthKey;
///
/// let key = AuthKey::from("top secret");
/// assert_eq!(format!("{key:?}"), "AuthKey(..)");
/// ```
///
/// Only a strong key is safe: anyone who sees one handshake can test as many guesses against it as
/// they can compute. HMAC pads a key with zeros to the block of its digest (64 bytes of MD5, SHA-1
/// and SHA-256), so zeros at the end of a shorter key make no difference; it replaces a longer key
/// with its digest.
#[derive(Clone)]
pub struct AuthKey(Zeroizing<Vec<u8>>);

impl AuthKey {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthKey(..)")
    }
}

impl From<Vec<u8>> for AuthKey {
    fn from(key: Vec<u8>) -> Self {
        Self(Zeroizing::new(key))
    }
}

impl From<String> for AuthKey {
    fn from(key: String) -> Self {
        Self::from(key.into_bytes())
    }
}

impl From<&[u8]> for AuthKey {
    fn from(key: &[u8]) -> Self {
        Self::from(key.to_vec())
    }
}

impl From<&str> for AuthKey {
    fn from(key: &str) -> Self {
        Self::from(key.as_bytes())
    }
}

impl<const N: usize> From<[u8; N]> for AuthKey {
    fn from(mut key: [u8; N]) -> Self {
        let kept = Self::from(&key);
        key.zeroize();
        kept
    }
}

impl<const N: usize> From<&[u8; N]> for AuthKey {
    fn from(key: &[u8; N]) -> Self {
        Self::from(key.as_slice())
    }
}
