//! Limits on what a peer can make this side do.

/// Limits on what a peer can make this side do. Exceeding a limit is an error that names it.
///
/// ```
/// use processing_connection::Limits;
///
/// let limits = Limits::default().with_message_length(1 << 20);
/// assert_eq!(limits.message_length, 1 << 20);
/// assert_eq!(limits.pickle_nesting, 256);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The number of bytes that the payload of one message may have, in both directions. The
    /// default is 2,147,483,647, the most that every release can receive, since `CPython`'s sockets
    /// and `processing` from 0.30 on read the header as a signed number.
    ///
    /// A header that exceeds the limit is [`MessageTooLong`](crate::Error::MessageTooLong). A
    /// header within the limit allocates nothing by itself: memory grows as bytes arrive.
    pub message_length: u64,

    /// The number of bytes that one message of the handshake may have. The default is 256, as in
    /// `multiprocessing` (`recv_bytes(256)` in its `answer_challenge`); the longest message that
    /// any step needs has 31.
    ///
    /// At that point the peer has not proved anything, so a header that announces more is enough to
    /// refuse the peer: [`TooLong`](crate::AuthenticationFailure::TooLong).
    pub handshake_length: u64,

    /// The number of levels to which containers may be nested in a received pickle. The default is
    /// 256.
    ///
    /// Dropping or converting a value uses stack space for each level, so raise the limit only for
    /// threads with a large stack.
    pub pickle_nesting: u32,

    /// The number of objects that shared references may add to a received pickle. The default is
    /// 1,048,576.
    ///
    /// A Python pickle can refer to one object many times; here each reference becomes a copy. The
    /// expanded object may have one node for each byte of the payload, plus this number of nodes,
    /// where every 64 bytes of text count as one more node.
    pub pickle_growth: u64,

    /// The number of decimal digits that an integer written as text may have in a received pickle.
    /// The default is 4,300, as in `CPython` 3: the time that it takes to parse them grows with the
    /// square of their number.
    pub integer_digits: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_length: 0x7fff_ffff,
            handshake_length: 256,
            pickle_nesting: 256,
            pickle_growth: 1 << 20,
            integer_digits: 4300,
        }
    }
}

impl Limits {
    /// Sets [`message_length`](Self::message_length), in bytes.
    pub fn with_message_length(mut self, bytes: u64) -> Self {
        self.message_length = bytes;
        self
    }

    /// Sets [`handshake_length`](Self::handshake_length), in bytes.
    pub fn with_handshake_length(mut self, bytes: u64) -> Self {
        self.handshake_length = bytes;
        self
    }

    /// Sets [`pickle_nesting`](Self::pickle_nesting), in levels.
    pub fn with_pickle_nesting(mut self, levels: u32) -> Self {
        self.pickle_nesting = levels;
        self
    }

    /// Sets [`pickle_growth`](Self::pickle_growth), in objects.
    pub fn with_pickle_growth(mut self, objects: u64) -> Self {
        self.pickle_growth = objects;
        self
    }

    /// Sets [`integer_digits`](Self::integer_digits), in decimal digits.
    pub fn with_integer_digits(mut self, digits: usize) -> Self {
        self.integer_digits = digits;
        self
    }
}
