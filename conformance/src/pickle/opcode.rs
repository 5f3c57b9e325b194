//! The opcodes of pickle protocols 0 to 5, as the `pickletools` of Python 3.13 lists them.

/// What follows an opcode in the pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Nothing.
    None,
    /// An unsigned integer of so many bytes, little-endian.
    Unsigned(usize),
    /// A signed integer of four bytes, little-endian.
    Signed4,
    /// Decimal digits up to the end of the line.
    Decimal,
    /// Decimal digits up to the end of the line, perhaps with an `L`.
    DecimalLong,
    /// An integer in two's complement, little-endian, after its length in so many bytes.
    TwosComplement(usize),
    /// A float in decimal, up to the end of the line.
    FloatLine,
    /// A double, big-endian.
    Double,
    /// Text up to the end of the line.
    Line,
    /// Text up to the end of the line, twice: module and name.
    TwoLines,
    /// A string literal up to the end of the line.
    Quoted,
    /// Text in `raw-unicode-escape` up to the end of the line.
    RawUnicode,
    /// Bytes after their length in so many bytes.
    Bytes(usize),
    /// UTF-8 with `surrogatepass` after its length in so many bytes.
    Text(usize),
}

macro_rules! opcodes {
    ($($opcode:ident $byte:literal $name:literal $protocol:literal $kind:ident $(($width:literal))?;)*) => {
        /// An opcode.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Opcode {
            $(
                #[doc = concat!("`", $name, "`")]
                $opcode = $byte,
            )*
        }

        impl Opcode {
            /// All of them, in the order of the protocols that introduced them.
            pub const ALL: &[Self] = &[$(Self::$opcode),*];

            /// The opcode with this byte.
            pub fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(Self::$opcode),)*
                    _ => None,
                }
            }

            /// The byte in the pickle.
            pub fn byte(self) -> u8 {
                self as u8
            }

            /// The name that `pickletools` gives it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$opcode => $name,)*
                }
            }

            /// The protocol that introduced it.
            pub fn protocol(self) -> u8 {
                match self {
                    $(Self::$opcode => $protocol,)*
                }
            }

            /// What follows it.
            pub fn argument(self) -> ArgumentKind {
                match self {
                    $(Self::$opcode => ArgumentKind::$kind $(($width))?,)*
                }
            }
        }
    };
}

opcodes! {
    Mark 0x28 "MARK" 0 None;
    Stop 0x2e "STOP" 0 None;
    Pop 0x30 "POP" 0 None;
    Dup 0x32 "DUP" 0 None;
    Float 0x46 "FLOAT" 0 FloatLine;
    Int 0x49 "INT" 0 Decimal;
    Long 0x4c "LONG" 0 DecimalLong;
    None 0x4e "NONE" 0 None;
    PersId 0x50 "PERSID" 0 Line;
    Reduce 0x52 "REDUCE" 0 None;
    String 0x53 "STRING" 0 Quoted;
    Unicode 0x56 "UNICODE" 0 RawUnicode;
    Append 0x61 "APPEND" 0 None;
    Build 0x62 "BUILD" 0 None;
    Global 0x63 "GLOBAL" 0 TwoLines;
    Dict 0x64 "DICT" 0 None;
    Get 0x67 "GET" 0 Decimal;
    Inst 0x69 "INST" 0 TwoLines;
    List 0x6c "LIST" 0 None;
    Put 0x70 "PUT" 0 Decimal;
    SetItem 0x73 "SETITEM" 0 None;
    Tuple 0x74 "TUPLE" 0 None;

    EmptyTuple 0x29 "EMPTY_TUPLE" 1 None;
    PopMark 0x31 "POP_MARK" 1 None;
    BinFloat 0x47 "BINFLOAT" 1 Double;
    BinInt 0x4a "BININT" 1 Signed4;
    BinInt1 0x4b "BININT1" 1 Unsigned(1);
    BinInt2 0x4d "BININT2" 1 Unsigned(2);
    BinPersId 0x51 "BINPERSID" 1 None;
    BinString 0x54 "BINSTRING" 1 Bytes(4);
    ShortBinString 0x55 "SHORT_BINSTRING" 1 Bytes(1);
    BinUnicode 0x58 "BINUNICODE" 1 Text(4);
    EmptyList 0x5d "EMPTY_LIST" 1 None;
    Appends 0x65 "APPENDS" 1 None;
    BinGet 0x68 "BINGET" 1 Unsigned(1);
    LongBinGet 0x6a "LONG_BINGET" 1 Unsigned(4);
    Obj 0x6f "OBJ" 1 None;
    BinPut 0x71 "BINPUT" 1 Unsigned(1);
    LongBinPut 0x72 "LONG_BINPUT" 1 Unsigned(4);
    SetItems 0x75 "SETITEMS" 1 None;
    EmptyDict 0x7d "EMPTY_DICT" 1 None;

    Proto 0x80 "PROTO" 2 Unsigned(1);
    NewObj 0x81 "NEWOBJ" 2 None;
    Ext1 0x82 "EXT1" 2 Unsigned(1);
    Ext2 0x83 "EXT2" 2 Unsigned(2);
    Ext4 0x84 "EXT4" 2 Signed4;
    Tuple1 0x85 "TUPLE1" 2 None;
    Tuple2 0x86 "TUPLE2" 2 None;
    Tuple3 0x87 "TUPLE3" 2 None;
    NewTrue 0x88 "NEWTRUE" 2 None;
    NewFalse 0x89 "NEWFALSE" 2 None;
    Long1 0x8a "LONG1" 2 TwosComplement(1);
    Long4 0x8b "LONG4" 2 TwosComplement(4);

    BinBytes 0x42 "BINBYTES" 3 Bytes(4);
    ShortBinBytes 0x43 "SHORT_BINBYTES" 3 Bytes(1);

    ShortBinUnicode 0x8c "SHORT_BINUNICODE" 4 Text(1);
    BinUnicode8 0x8d "BINUNICODE8" 4 Text(8);
    BinBytes8 0x8e "BINBYTES8" 4 Bytes(8);
    EmptySet 0x8f "EMPTY_SET" 4 None;
    AddItems 0x90 "ADDITEMS" 4 None;
    FrozenSet 0x91 "FROZENSET" 4 None;
    NewObjEx 0x92 "NEWOBJ_EX" 4 None;
    StackGlobal 0x93 "STACK_GLOBAL" 4 None;
    Memoize 0x94 "MEMOIZE" 4 None;
    Frame 0x95 "FRAME" 4 Unsigned(8);

    ByteArray8 0x96 "BYTEARRAY8" 5 Bytes(8);
    NextBuffer 0x97 "NEXT_BUFFER" 5 None;
    ReadonlyBuffer 0x98 "READONLY_BUFFER" 5 None;
}
