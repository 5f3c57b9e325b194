//! Plausible arguments of opcodes: mostly valid, and otherwise close to everything that can go wrong.

use processing_conformance::pickle::Opcode;
use processing_conformance::pickle::opcode::ArgumentKind;

/// Plain numbers, and numbers on which readers of pickles disagree.
const INTEGERS: &[&[u8]] = &[
    b"0",
    b"1",
    b"-1",
    b"00",
    b"01",
    b"02",
    b"007",
    b"010",
    b"-010",
    b"+7",
    b" 12",
    b"12 ",
    b"\t1\r",
    b"1\x000",
    b"0x10",
    b"0X1f",
    b"0o17",
    b"0b101",
    b"0x",
    b"0_7",
    b"1_0",
    b"1__0",
    b"_1",
    b"2147483647",
    b"2147483648",
    b"-2147483649",
    b"02147483648",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775808",
    b"-9223372036854775809",
    b"1L",
    b"0x1L",
    b"01L",
    b"12l",
    b"1LL",
    b"L",
    b"-",
    b"+-1",
    b"1 2",
    b"1.0",
    b"1e3",
    b"",
    b"abc",
    b"\xb2",
    b"\xd9\xa3",
    b"- 1",
    b"\x0b5",
    b"0\x00",
    b"000000000000000000000000000000",
];
const FLOATS: &[&[u8]] = &[
    b"1.5",
    b"-0",
    b"0",
    b"1e5",
    b"-1.5E-5",
    b"nan",
    b"-nan",
    b"NaN",
    b"inf",
    b"-Infinity",
    b"+inf",
    b"infinit",
    b"1e999",
    b"-1e999",
    b"1e-999",
    b"1_0.5",
    b"1_.5",
    b" 1.5",
    b"1.5 ",
    b"0x1p3",
    b"1.",
    b".5",
    b".",
    b"1e",
    b"1e+",
    b"",
    b"+",
    b"1.5\x00",
    b"1,5",
    b"1.5L",
    b"123456789012345678901234567890",
    b"4.9e-324",
    b"1.7976931348623159e308",
    b"\xb2",
];
const LITERALS: &[&[u8]] = &[
    b"''",
    b"'abc'",
    b"\"abc\"",
    b"'\\x41'",
    b"'\\x4'",
    b"'\\101'",
    b"'\\777'",
    b"'\\8'",
    b"'\\q\\n'",
    b"'\\'",
    b"'\\''",
    b"'a'b'",
    b"'a\"",
    b"'a",
    b"a'",
    b"'",
    b"\"",
    b"",
    b"abc",
    b"'abc' ",
    b" 'abc'",
    b"'abc'\r",
    b"'abc'\xff",
    b"'\xe9'",
    b"'\\xe9'",
    b"'\\u20ac'",
    b"'\\N{SPACE}'",
    b"'a\x00b'",
    b"'\\\\'",
    b"u'abc'",
    b"'\\1",
    b"'\\0'",
];
const RAW_UNICODE: &[&[u8]] = &[
    b"",
    b"abc",
    b"\\u20ac",
    b"\\\\u20ac",
    b"\\\\\\u20ac",
    b"\\U0001f600",
    b"\\ud800",
    b"\\ud83d\\ude00",
    b"\\u20a",
    b"\\u",
    b"\\U00110000",
    b"\\Uffffffff",
    b"\xe9\xff",
    b"\\x41\\n",
    b"a\x00b",
    b"\\",
    b"a\\u0041\\u005c\\u0041",
    b"\\u000a",
];
const LINES: &[&[u8]] = &[
    b"",
    b"id",
    b"0",
    b"\xe9",
    b"\xc3\xa9",
    b"a b",
    b"\x00",
    b"'id'",
];
const NAMES: &[&[u8]] = &[
    b"__builtin__\nset",
    b"builtins\nset",
    b"__builtin__\nfrozenset",
    b"builtins\nfrozenset",
    b"__builtin__\ncomplex",
    b"builtins\ncomplex",
    b"__builtin__\nbytearray",
    b"builtins\nbytearray",
    b"__builtin__\nbytes",
    b"builtins\nbytes",
    b"_codecs\nencode",
    b"copy_reg\n__newobj__",
    b"copyreg\n__newobj__",
    b"os\nsystem",
    b"a.b\nC.D",
    b"collections\nOrderedDict",
    b"\xc3\xa9\n\xc3\xa9",
    b"\xe9\nx",
    b"x\n\xff",
    b"\n",
    b"x\n",
    b"\nx",
    b"a b\nc d",
    b"x\x00\ny",
    b" m \n n ",
];
const TEXTS: &[&[u8]] = &[
    b"",
    b"a",
    b"abc",
    b"latin1",
    b"latin-1",
    b"builtins",
    b"__builtin__",
    b"set",
    b"\xc3\xa9",
    b"\xe2\x82\xac",
    b"\xf0\x9f\x98\x80",
    b"\xed\xa0\x80",
    b"\xed\xa0\xbd\xed\xb8\x80",
    b"\xff",
    b"\xc3",
    b"\xc0\x80",
    b"\xf4\x90\x80\x80",
    b"\x00",
    b"\n",
];
const DOUBLES: &[f64] = &[
    0.0,
    -0.0,
    1.0,
    2.0,
    0.1,
    -1.5,
    1e300,
    9_007_199_254_740_993.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    f64::MIN_POSITIVE,
];

fn one_of<'a>(rng: &mut fastrand::Rng, table: &[&'a [u8]]) -> &'a [u8] {
    table[rng.usize(..table.len())]
}

/// Appends an instruction.
pub(crate) fn instruction(rng: &mut fastrand::Rng, opcode: Opcode, pickle: &mut Vec<u8>) {
    pickle.push(opcode.byte());
    match opcode.argument() {
        ArgumentKind::None => {}
        ArgumentKind::Unsigned(width) => {
            let value = unsigned(rng, opcode);
            pickle.extend(&value.to_le_bytes()[..width]);
        }
        ArgumentKind::Signed4 => pickle.extend(signed(rng, opcode).to_le_bytes()),
        ArgumentKind::Decimal => match opcode {
            Opcode::Get | Opcode::Put if rng.u8(..10) > 0 => {
                line(pickle, rng.u8(..4).to_string().as_bytes());
            }
            _ => line(pickle, &integer(rng)),
        },
        ArgumentKind::DecimalLong => {
            let mut digits = integer(rng);
            if rng.bool() {
                digits.push(b'L');
            }
            line(pickle, &digits);
        }
        ArgumentKind::FloatLine => line(pickle, one_of(rng, FLOATS)),
        ArgumentKind::Double => {
            let value = match rng.u8(..3) {
                0 => f64::from_bits(rng.u64(..)),
                1 => f64::from(rng.i8(-3..3)),
                _ => DOUBLES[rng.usize(..DOUBLES.len())],
            };
            pickle.extend(value.to_be_bytes());
        }
        ArgumentKind::Line => line(pickle, one_of(rng, LINES)),
        ArgumentKind::TwoLines => line(pickle, one_of(rng, NAMES)),
        ArgumentKind::Quoted => line(pickle, one_of(rng, LITERALS)),
        ArgumentKind::RawUnicode => line(pickle, one_of(rng, RAW_UNICODE)),
        ArgumentKind::TwosComplement(width) => {
            let length = rng.usize(..10);
            let bytes = random_bytes(rng, length);
            counted(rng, width, &bytes, pickle);
        }
        ArgumentKind::Bytes(width) => {
            let bytes = match rng.u8(..3) {
                0 => {
                    let length = rng.usize(..4);
                    random_bytes(rng, length)
                }
                _ => one_of(rng, TEXTS).to_vec(),
            };
            counted(rng, width, &bytes, pickle);
        }
        ArgumentKind::Text(width) => {
            // Texts that cannot be decoded end a pickle, so they should be rarer than the others.
            let among = if rng.u8(..10) == 0 { TEXTS.len() } else { 10 };
            let text = TEXTS[rng.usize(..among)];
            counted(rng, width, text, pickle);
        }
    }
}

fn line(pickle: &mut Vec<u8>, line: &[u8]) {
    pickle.extend(line);
    pickle.push(b'\n');
}

fn unsigned(rng: &mut fastrand::Rng, opcode: Opcode) -> u64 {
    match opcode {
        Opcode::Proto => rng.u64(..6),
        Opcode::Frame => match rng.u8(..20) {
            0 => rng.u64(..),
            _ => rng.u64(..12),
        },
        Opcode::BinGet | Opcode::BinPut | Opcode::LongBinGet | Opcode::LongBinPut => rng.u64(..4),
        _ if rng.bool() => rng.u64(..4),
        _ => rng.u64(..),
    }
}

fn signed(rng: &mut fastrand::Rng, opcode: Opcode) -> i32 {
    match opcode {
        Opcode::Ext4 => rng.i32(-1..9),
        _ if rng.bool() => rng.i32(-3..3),
        _ => rng.i32(..),
    }
}

fn integer(rng: &mut fastrand::Rng) -> Vec<u8> {
    match rng.u8(..4) {
        0 => one_of(rng, INTEGERS).to_vec(),
        1 => rng.i64(..).to_string().into_bytes(),
        2 => format!("{}{}", rng.i64(..), rng.u64(..)).into_bytes(),
        _ => rng.i8(..).to_string().into_bytes(),
    }
}

fn random_bytes(rng: &mut fastrand::Rng, length: usize) -> Vec<u8> {
    std::iter::repeat_with(|| rng.u8(..)).take(length).collect()
}

/// Bytes after their length, which is occasionally wrong.
fn counted(rng: &mut fastrand::Rng, width: usize, bytes: &[u8], pickle: &mut Vec<u8>) {
    let length = match rng.u8(..100) {
        0 => rng.u64(..),
        1 => rng.u64(..8),
        _ => bytes.len() as u64,
    };
    pickle.extend(&length.to_le_bytes()[..width]);
    pickle.extend(bytes);
}
