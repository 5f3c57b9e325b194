//! Encodes values as instructions, with the opcodes that cPickle in Python 2.7.18 chooses.

use std::collections::HashMap;

use num_bigint::BigInt;

use super::literal;
use super::opcode::Opcode;
use crate::notation::{Float, Text, quote};

/// A pickle in the making, of protocol 0, 1 or 2.
pub(super) struct Assembler<'a> {
    pub(super) pickle: Vec<u8>,
    pub(super) protocol: u8,
    /// The number of memo slots that are in use.
    places: u32,
    /// The memo slots of classes and functions: one for each, however many nodes it has.
    globals: HashMap<(&'a str, &'a str), u32>,
}

impl<'a> Assembler<'a> {
    pub(super) fn new(protocol: u8) -> Self {
        let pickle = if protocol < 2 {
            Vec::new()
        } else {
            vec![Opcode::Proto.byte(), protocol]
        };
        Self {
            pickle,
            protocol,
            places: 0,
            globals: HashMap::new(),
        }
    }

    pub(super) fn opcode(&mut self, opcode: Opcode) {
        self.pickle.push(opcode.byte());
    }

    fn with(&mut self, opcode: Opcode, argument: &[u8]) {
        self.opcode(opcode);
        self.pickle.extend_from_slice(argument);
    }

    fn line(&mut self, opcode: Opcode, line: &[u8]) {
        self.with(opcode, line);
        self.pickle.push(b'\n');
    }

    pub(super) fn bool(&mut self, value: bool) {
        match (self.protocol, value) {
            (..2, _) => self.line(Opcode::Int, if value { b"01" } else { b"00" }),
            (_, true) => self.opcode(Opcode::NewTrue),
            (_, false) => self.opcode(Opcode::NewFalse),
        }
    }

    /// An `int`. cPickle writes an `int` of more than 32 bits as text, even in a binary pickle. Only Python 3 has an
    /// `int` of more than 64 bits, for which it uses the opcodes that Python 2 uses for a `long`.
    pub(super) fn int(&mut self, value: &BigInt) {
        if let (1.., Ok(small)) = (self.protocol, i32::try_from(value)) {
            match (u8::try_from(small), u16::try_from(small)) {
                (Ok(byte), _) => self.with(Opcode::BinInt1, &[byte]),
                (_, Ok(short)) => self.with(Opcode::BinInt2, &short.to_le_bytes()),
                _ => self.with(Opcode::BinInt, &small.to_le_bytes()),
            }
        } else if i64::try_from(value).is_ok() {
            self.line(Opcode::Int, value.to_string().as_bytes());
        } else {
            self.long(value);
        }
    }

    pub(super) fn long(&mut self, value: &BigInt) {
        if self.protocol < 2 {
            return self.line(Opcode::Long, format!("{value}L").as_bytes());
        }
        let bytes = match value.to_signed_bytes_le() {
            zero if zero == [0] => Vec::new(),
            bytes => bytes,
        };
        self.counted(Opcode::Long1, Opcode::Long4, &bytes);
    }

    pub(super) fn float(&mut self, value: Float) {
        if self.protocol == 0 {
            self.line(Opcode::Float, format!("{:?}", value.value()).as_bytes());
        } else {
            self.with(Opcode::BinFloat, &value.bits().to_be_bytes());
        }
    }

    pub(super) fn str(&mut self, bytes: &[u8]) {
        if self.protocol == 0 {
            self.line(Opcode::String, quote(bytes).as_bytes());
        } else {
            self.counted(Opcode::ShortBinString, Opcode::BinString, bytes);
        }
    }

    pub(super) fn unicode(&mut self, text: &Text) {
        if self.protocol == 0 {
            self.line(Opcode::Unicode, &literal::raw_unicode_escape(text));
        } else {
            let text = text.as_surrogatepass();
            self.with(Opcode::BinUnicode, &length(text).to_le_bytes());
            self.pickle.extend_from_slice(text);
        }
    }

    pub(super) fn names(&mut self, opcode: Opcode, module: &str, name: &str) {
        self.line(opcode, module.as_bytes());
        self.pickle.extend_from_slice(name.as_bytes());
        self.pickle.push(b'\n');
    }

    pub(super) fn global(&mut self, module: &'a str, name: &'a str) {
        if let Some(&place) = self.globals.get(&(module, name)) {
            return self.get(place);
        }
        self.names(Opcode::Global, module, name);
        let place = self.put();
        self.globals.insert((module, name), place);
    }

    pub(super) fn complex(&mut self, real: Float, imaginary: Float) {
        self.global("__builtin__", "complex");
        self.call_with_two(|out| {
            out.float(real);
            out.float(imaginary);
        });
    }

    pub(super) fn bytearray(&mut self, bytes: &[u8]) {
        self.global("__builtin__", "bytearray");
        self.call_with_two(|out| {
            out.unicode(&Text::from_latin1(bytes));
            out.str(b"latin-1");
        });
    }

    /// `bytes`, as Python 3 writes them for Python 2.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.global("__builtin__", "bytes");
            self.empty(Opcode::Tuple, Opcode::EmptyTuple);
            self.opcode(Opcode::Reduce);
        } else {
            self.global("_codecs", "encode");
            self.call_with_two(|out| {
                out.unicode(&Text::from_latin1(bytes));
                out.unicode(&Text::from("latin1"));
            });
        }
    }

    fn call_with_two(&mut self, arguments: impl FnOnce(&mut Self)) {
        let tuple = self.tuple_opcode(2);
        if tuple == Opcode::Tuple {
            self.opcode(Opcode::Mark);
        }
        arguments(self);
        self.opcode(tuple);
        self.opcode(Opcode::Reduce);
    }

    /// The opcode that makes a tuple of `length` objects. [`Opcode::Tuple`] needs a mark below them.
    pub(super) fn tuple_opcode(&self, length: usize) -> Opcode {
        match (self.protocol, length) {
            (2, 1) => Opcode::Tuple1,
            (2, 2) => Opcode::Tuple2,
            (2, 3) => Opcode::Tuple3,
            _ => Opcode::Tuple,
        }
    }

    pub(super) fn persistent(&mut self, id: &[u8]) {
        self.line(Opcode::PersId, id);
    }

    /// An extension code, which needs protocol 2.
    pub(super) fn extension(&mut self, code: u32) {
        match (u8::try_from(code), u16::try_from(code)) {
            (Ok(byte), _) => self.with(Opcode::Ext1, &[byte]),
            (_, Ok(short)) => self.with(Opcode::Ext2, &short.to_le_bytes()),
            _ => self.with(Opcode::Ext4, &code.to_le_bytes()),
        }
    }

    /// Stores the top of the stack in the memo, and returns its slot. cPickle counts from 1.
    pub(super) fn put(&mut self) -> u32 {
        self.places += 1;
        self.memo(
            [Opcode::Put, Opcode::BinPut, Opcode::LongBinPut],
            self.places,
        );
        self.places
    }

    pub(super) fn get(&mut self, place: u32) {
        self.memo([Opcode::Get, Opcode::BinGet, Opcode::LongBinGet], place);
    }

    fn memo(&mut self, [text, short, long]: [Opcode; 3], place: u32) {
        match (self.protocol, u8::try_from(place)) {
            (0, _) => self.line(text, place.to_string().as_bytes()),
            (_, Ok(byte)) => self.with(short, &[byte]),
            (_, Err(_)) => self.with(long, &place.to_le_bytes()),
        }
    }

    /// An empty list or dict, which protocol 0 makes from a mark with no objects above it.
    pub(super) fn empty(&mut self, text: Opcode, binary: Opcode) {
        if self.protocol == 0 {
            self.opcode(Opcode::Mark);
            self.opcode(text);
        } else {
            self.opcode(binary);
        }
    }

    fn counted(&mut self, short: Opcode, long: Opcode, bytes: &[u8]) {
        match u8::try_from(bytes.len()) {
            Ok(length) => self.with(short, &[length]),
            Err(_) => self.with(long, &length(bytes).to_le_bytes()),
        }
        self.pickle.extend_from_slice(bytes);
    }
}

/// The length of bytes that have been checked to be short enough.
fn length(bytes: &[u8]) -> i32 {
    i32::try_from(bytes.len()).expect("longer bytes are refused before")
}
