//! The opcodes of pickle protocols 0 to 5, as the `pickletools` of Python 3.13 lists them.

/// The kind of argument that follows an opcode in a pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Nothing.
    None,
    /// An unsigned integer of this number of bytes, little-endian.
    Unsigned(usize),
    /// A signed integer of four bytes, little-endian.
    Signed4,
    /// Decimal digits up to the end of the line.
    Decimal,
    /// Decimal digits up to the end of the line, optionally followed by an `L`.
    DecimalLong,
    /// An integer in two's complement, little-endian, after its length in this number of bytes.
    TwosComplement(usize),
    /// A float in decimal, up to the end of the line.
    FloatLine,
    /// A double, big-endian.
    Double,
    /// Text up to the end of the line.
    Line,
    /// Text up to the end of the line, twice: a module and a name.
    TwoLines,
    /// A string literal up to the end of the line.
    Quoted,
    /// Text in `raw-unicode-escape` up to the end of the line.
    RawUnicode,
    /// Bytes after their length, which takes this number of bytes.
    Bytes(usize),
    /// UTF-8 with `surrogatepass` after its length, which takes this number of bytes.
    Text(usize),
}

/// The effect of an opcode on the stack, as in `pickletools`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackEffect {
    /// Whether everything from the topmost mark on is removed first.
    pub to_mark: bool,
    /// The number of objects that are removed (after that).
    pub pops: usize,
    /// The number of objects that are pushed. `MARK` pushes a mark, which is not an object.
    pub pushes: usize,
}

macro_rules! to_mark {
    () => {
        false
    };
    (mark) => {
        true
    };
}

macro_rules! opcodes {
    ($(
        $opcode:ident $byte:literal $name:literal $protocol:literal
        $kind:ident $(($width:literal))?, $($mark:ident)? $pops:literal => $pushes:literal;
    )*) => {
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
            /// All opcodes, in the order of the protocols that introduced them.
            pub const ALL: &[Self] = &[$(Self::$opcode),*];

            /// The opcode with this byte.
            #[inline]
            pub fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(Self::$opcode),)*
                    _ => None,
                }
            }

            /// The byte of the opcode in a pickle.
            pub fn byte(self) -> u8 {
                self as u8
            }

            /// The name of the opcode in `pickletools`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$opcode => $name,)*
                }
            }

            /// The protocol that introduced the opcode.
            pub fn protocol(self) -> u8 {
                match self {
                    $(Self::$opcode => $protocol,)*
                }
            }

            /// The kind of argument that follows the opcode.
            #[inline]
            pub fn argument(self) -> ArgumentKind {
                match self {
                    $(Self::$opcode => ArgumentKind::$kind $(($width))?,)*
                }
            }

            /// The effect of the opcode on the stack.
            pub fn stack_effect(self) -> StackEffect {
                match self {
                    $(Self::$opcode => StackEffect {
                        to_mark: to_mark!($($mark)?),
                        pops: $pops,
                        pushes: $pushes,
                    },)*
                }
            }
        }
    };
}

opcodes! {
    Mark 0x28 "MARK" 0 None, 0 => 0;
    Stop 0x2e "STOP" 0 None, 1 => 0;
    Pop 0x30 "POP" 0 None, 1 => 0;
    Dup 0x32 "DUP" 0 None, 1 => 2;
    Float 0x46 "FLOAT" 0 FloatLine, 0 => 1;
    Int 0x49 "INT" 0 Decimal, 0 => 1;
    Long 0x4c "LONG" 0 DecimalLong, 0 => 1;
    None 0x4e "NONE" 0 None, 0 => 1;
    PersId 0x50 "PERSID" 0 Line, 0 => 1;
    Reduce 0x52 "REDUCE" 0 None, 2 => 1;
    String 0x53 "STRING" 0 Quoted, 0 => 1;
    Unicode 0x56 "UNICODE" 0 RawUnicode, 0 => 1;
    Append 0x61 "APPEND" 0 None, 2 => 1;
    Build 0x62 "BUILD" 0 None, 2 => 1;
    Global 0x63 "GLOBAL" 0 TwoLines, 0 => 1;
    Dict 0x64 "DICT" 0 None, mark 0 => 1;
    Get 0x67 "GET" 0 Decimal, 0 => 1;
    Inst 0x69 "INST" 0 TwoLines, mark 0 => 1;
    List 0x6c "LIST" 0 None, mark 0 => 1;
    Put 0x70 "PUT" 0 Decimal, 0 => 0;
    SetItem 0x73 "SETITEM" 0 None, 3 => 1;
    Tuple 0x74 "TUPLE" 0 None, mark 0 => 1;

    EmptyTuple 0x29 "EMPTY_TUPLE" 1 None, 0 => 1;
    PopMark 0x31 "POP_MARK" 1 None, mark 0 => 0;
    BinFloat 0x47 "BINFLOAT" 1 Double, 0 => 1;
    BinInt 0x4a "BININT" 1 Signed4, 0 => 1;
    BinInt1 0x4b "BININT1" 1 Unsigned(1), 0 => 1;
    BinInt2 0x4d "BININT2" 1 Unsigned(2), 0 => 1;
    BinPersId 0x51 "BINPERSID" 1 None, 1 => 1;
    BinString 0x54 "BINSTRING" 1 Bytes(4), 0 => 1;
    ShortBinString 0x55 "SHORT_BINSTRING" 1 Bytes(1), 0 => 1;
    BinUnicode 0x58 "BINUNICODE" 1 Text(4), 0 => 1;
    EmptyList 0x5d "EMPTY_LIST" 1 None, 0 => 1;
    Appends 0x65 "APPENDS" 1 None, mark 1 => 1;
    BinGet 0x68 "BINGET" 1 Unsigned(1), 0 => 1;
    LongBinGet 0x6a "LONG_BINGET" 1 Unsigned(4), 0 => 1;
    Obj 0x6f "OBJ" 1 None, mark 0 => 1;
    BinPut 0x71 "BINPUT" 1 Unsigned(1), 0 => 0;
    LongBinPut 0x72 "LONG_BINPUT" 1 Unsigned(4), 0 => 0;
    SetItems 0x75 "SETITEMS" 1 None, mark 1 => 1;
    EmptyDict 0x7d "EMPTY_DICT" 1 None, 0 => 1;

    Proto 0x80 "PROTO" 2 Unsigned(1), 0 => 0;
    NewObj 0x81 "NEWOBJ" 2 None, 2 => 1;
    Ext1 0x82 "EXT1" 2 Unsigned(1), 0 => 1;
    Ext2 0x83 "EXT2" 2 Unsigned(2), 0 => 1;
    Ext4 0x84 "EXT4" 2 Signed4, 0 => 1;
    Tuple1 0x85 "TUPLE1" 2 None, 1 => 1;
    Tuple2 0x86 "TUPLE2" 2 None, 2 => 1;
    Tuple3 0x87 "TUPLE3" 2 None, 3 => 1;
    NewTrue 0x88 "NEWTRUE" 2 None, 0 => 1;
    NewFalse 0x89 "NEWFALSE" 2 None, 0 => 1;
    Long1 0x8a "LONG1" 2 TwosComplement(1), 0 => 1;
    Long4 0x8b "LONG4" 2 TwosComplement(4), 0 => 1;

    BinBytes 0x42 "BINBYTES" 3 Bytes(4), 0 => 1;
    ShortBinBytes 0x43 "SHORT_BINBYTES" 3 Bytes(1), 0 => 1;

    ShortBinUnicode 0x8c "SHORT_BINUNICODE" 4 Text(1), 0 => 1;
    BinUnicode8 0x8d "BINUNICODE8" 4 Text(8), 0 => 1;
    BinBytes8 0x8e "BINBYTES8" 4 Bytes(8), 0 => 1;
    EmptySet 0x8f "EMPTY_SET" 4 None, 0 => 1;
    AddItems 0x90 "ADDITEMS" 4 None, mark 1 => 1;
    FrozenSet 0x91 "FROZENSET" 4 None, mark 0 => 1;
    NewObjEx 0x92 "NEWOBJ_EX" 4 None, 3 => 1;
    StackGlobal 0x93 "STACK_GLOBAL" 4 None, 2 => 1;
    Memoize 0x94 "MEMOIZE" 4 None, 1 => 1;
    Frame 0x95 "FRAME" 4 Unsigned(8), 0 => 0;

    ByteArray8 0x96 "BYTEARRAY8" 5 Bytes(8), 0 => 1;
    NextBuffer 0x97 "NEXT_BUFFER" 5 None, 0 => 1;
    ReadonlyBuffer 0x98 "READONLY_BUFFER" 5 None, 1 => 1;
}
