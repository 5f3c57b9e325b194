//! The key that both ends have.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

/// The secret that both ends have: `authkey` in Python.
///
/// It has any bytes and any length but 0, is overwritten in memory when it is dropped, and is
/// never shown. Bytes become one, and so does text, which counts as its UTF-8:
///
/// ```
/// use processing_connection::AuthKey;
///
/// let key = AuthKey::from("top secret");
/// assert_eq!(format!("{key:?}"), "AuthKey(..)");
/// ```
///
/// It takes a good one to be safe: who sees one handshake can try keys against it, as many as they
/// can compute. HMAC fills a short key with zeros up to 64 bytes, so up to there zeros at its end
/// do not count; of a longer one it takes the SHA-1.
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
