//! Pickles that an attacker might send. Each is created when it is needed, because some are long.

use processing_conformance::pickle::Opcode;
use processing_conformance::pickle::opcode::ArgumentKind;

/// A name, and the function that creates the bytes.
pub(super) type Input = (&'static str, fn() -> Vec<u8>);

/// The number of levels or repetitions. Repeating a single byte makes a pickle of 100 kB.
const MANY: usize = 100_000;
/// The length of a long line, in bytes.
const MEGABYTE: usize = 1 << 20;

pub(super) const INPUTS: &[Input] = &[
    // Nested containers, with every opcode that makes one.
    ("nesting/lists", || nested(b"]", b"", b"a")),
    ("nesting/lists-by-marks", || nested(b"(", b"", b"l")),
    ("nesting/lists-by-appends", || nested(b"](", b"N", b"e")),
    ("nesting/tuples-by-marks", || nested(b"(", b"", b"t")),
    ("nesting/tuples-of-1", || nested(b"", b"N", b"\x85")),
    ("nesting/tuples-of-2", || nested(b"N", b"N", b"\x86")),
    ("nesting/dicts", || nested(b"}K\x01", b"N", b"s")),
    ("nesting/dicts-by-marks", || nested(b"(K\x01", b"N", b"d")),
    ("nesting/frozensets", || {
        join([&b"(".repeat(MANY / 2), &b"\x91".repeat(MANY / 2)[..], b"."])
    }),
    ("nesting/calls", || {
        join([
            b"c__builtin__\nlist\nq\x00",
            &nested(b"h\x00", b")", b"R\x85"),
        ])
    }),
    ("nesting/calls-of-a-class", || {
        join([b"cm\nf\nq\x00", &nested(b"h\x00", b")", b"R\x85")])
    }),
    ("nesting/instances", || nested(b"cm\nC\n)\x81", b"N", b"b")),
    ("nesting/old-instances", || nested(b"(", b"", b"im\nC\n")),
    ("nesting/persistent-ids", || nested(b"", b"N", b"Q")),
    ("nesting/marks", || nested(b"(", b"", b"")),
    ("nesting/marks-taken-away", || nested(b"(", b"", b"1")),
    ("nesting/through-the-memo", || {
        join([b"N\x85q\x00", &b"0h\x00\x85q\x00".repeat(MANY / 6), b"."])
    }),
    ("nesting/thrown-away", || {
        join([&b"]".repeat(MANY), &b"a".repeat(MANY - 1)[..], b"0N."])
    }),
    // Objects that contain themselves.
    ("recursion/list", || b"]q\x00h\x00a.".to_vec()),
    ("recursion/dict", || b"}q\x00Nh\x00s.".to_vec()),
    ("recursion/tuple-through-list", || {
        b"]q\x00h\x00\x85q\x01a0h\x01.".to_vec()
    }),
    ("recursion/key", || {
        b"}q\x00]q\x01h\x01\x85a0h\x01\x85Ns.".to_vec()
    }),
    ("recursion/instance-in-its-state", || {
        b"cm\nC\n)\x81q\x00h\x00b.".to_vec()
    }),
    // Short pickles of enormous objects.
    ("bomb/tuples", || {
        join([b"N", &b"2\x86".repeat(60)[..], b"."])
    }),
    ("bomb/lists", || {
        bomb(b"]q\x00", |at| {
            vec![b'0', b'(', b'h', at, b'h', at, b'l', b'q', at + 1]
        })
    }),
    ("bomb/dicts", || {
        bomb(b"}q\x00", |at| {
            vec![
                b'0',
                b'}',
                b'K',
                1,
                b'h',
                at,
                b's',
                b'K',
                2,
                b'h',
                at,
                b's',
                b'q',
                at + 1,
            ]
        })
    }),
    ("bomb/key", || {
        join([b"}N", &b"2\x86".repeat(60)[..], b"Ns."])
    }),
    ("bomb/keys-that-are-equal", || {
        join([
            b"}N",
            &b"2\x86".repeat(60)[..],
            b"NsN",
            &b"2\x86".repeat(60)[..],
            b"Ns.",
        ])
    }),
    ("bomb/element", || {
        join([b"\x8f(N", &b"2\x86".repeat(60)[..], b"\x90."])
    }),
    ("bomb/frozensets", || {
        bomb(b"(\x91q\x00", |at| {
            vec![
                b'0',
                b'(',
                b'h',
                at,
                b'h',
                at,
                b'\x85',
                b'\x91',
                b'q',
                at + 1,
            ]
        })
    }),
    ("bomb/long-text-again-and-again", || {
        join([
            b"(X\0\x80\0\0",
            &[b'x'; 0x8000][..],
            b"q\x00",
            &b"h\x00".repeat(MANY / 4),
            b"l.",
        ])
    }),
    ("bomb/copies-of-a-list", || {
        join([
            b"(",
            &b"N".repeat(0x4000)[..],
            b"l\x85q\x00c__builtin__\nlist\nq\x01",
            &b"h\x01h\x00R0".repeat(MANY / 12),
            b"N.",
        ])
    }),
    ("bomb/copies-of-a-set", || {
        join([
            b"(",
            &b"N".repeat(0x4000)[..],
            b"l\x85q\x00c__builtin__\nset\nq\x01",
            &b"h\x01h\x00R0".repeat(MANY / 12),
            b"N.",
        ])
    }),
    ("bomb/encoded-again-and-again", || {
        join([
            b"c_codecs\nencode\nq\x00X\0\x40\0\0",
            &[b'x'; 0x4000][..],
            b"X\x06\0\0\0latin1\x86q\x01",
            &b"h\x00h\x01R0".repeat(MANY / 12),
            b"N.",
        ])
    }),
    ("bomb/calls-of-a-long-name", || {
        join([
            b"c",
            &b"m".repeat(MANY / 2),
            b"\nf\nq\x00",
            &b"h\x00)R0".repeat(MANY / 10),
            b"N.",
        ])
    }),
    ("bomb/instances-of-long-arguments", || {
        join([
            b"ccopy_reg\n__newobj__\nq\x00(cm\nC\n",
            &b"N".repeat(0x4000),
            b"tq\x01",
            &b"h\x00h\x01R0".repeat(MANY / 12),
            b"N.",
        ])
    }),
    ("bomb/many-duplicates", || {
        join([b"(N", &b"2".repeat(MANY), b"t."])
    }),
    ("bomb/many-states", || {
        join([b"cm\nC\n)\x81", &b"Nb".repeat(MANY / 2), b"."])
    }),
    ("bomb/many-classes", || {
        join([&b"ca\nb\n0".repeat(MANY / 6), &b"N."[..]])
    }),
    // The memo.
    ("memo/far-away", || b"Nr\xff\xff\xff\xff.".to_vec()),
    ("memo/many-far-away", || {
        join([
            b"N",
            &(0..20_000_u32)
                .flat_map(|at| [&[b'r'][..], &(u32::MAX - at).to_le_bytes()].concat())
                .collect::<Vec<_>>(),
            b".",
        ])
    }),
    ("memo/many", || join([b"N", &b"\x94".repeat(MANY), b"."])),
    ("memo/twice", || b"Nq\x00q\x00.".to_vec()),
    ("memo/empty", || b"h\x05.".to_vec()),
    ("memo/empty-by-line", || b"g5\n.".to_vec()),
    ("memo/negative", || b"Np-1\n.".to_vec()),
    ("memo/not-a-number", || b"Npq\n.".to_vec()),
    ("memo/put-megabyte-of-digits", || line(b"Np", b"9")),
    ("memo/get-megabyte-of-digits", || line(b"g", b"9")),
    ("memo/of-nothing", || b"q\x00.".to_vec()),
    ("memo/of-a-mark", || b"(q\x00.".to_vec()),
    // Wrong lengths.
    ("length/SHORT_BINSTRING", || b"U\xffabc.".to_vec()),
    ("length/BINSTRING", || b"T\xff\xff\xff\x7fabc.".to_vec()),
    ("length/BINSTRING-negative", || {
        b"T\xff\xff\xff\xffabc.".to_vec()
    }),
    ("length/BINUNICODE", || b"X\xff\xff\xff\xffabc.".to_vec()),
    ("length/SHORT_BINUNICODE", || b"\x8c\xffabc.".to_vec()),
    ("length/BINUNICODE8", || {
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc.".to_vec()
    }),
    ("length/BINUNICODE8-2**63", || {
        b"\x8d\0\0\0\0\0\0\0\x80abc.".to_vec()
    }),
    ("length/BINBYTES", || b"B\xff\xff\xff\xffabc.".to_vec()),
    ("length/SHORT_BINBYTES", || b"C\xffabc.".to_vec()),
    ("length/BINBYTES8", || {
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.".to_vec()
    }),
    ("length/BYTEARRAY8", || {
        b"\x96\xff\xff\xff\xff\xff\xff\xff\xffabc.".to_vec()
    }),
    ("length/LONG1", || b"\x8a\xff\x01.".to_vec()),
    ("length/LONG4", || b"\x8b\xff\xff\xff\x7f\x01.".to_vec()),
    ("length/LONG4-negative", || {
        b"\x8b\xff\xff\xff\xff.".to_vec()
    }),
    ("length/line-without-end", || vec![b'I'; MEGABYTE]),
    ("length/literal-without-end", || {
        join([b"S'", &[b'x'; MEGABYTE]])
    }),
    // Frames with wrong lengths.
    ("frame/endless", || {
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN.".to_vec()
    }),
    ("frame/one-byte-too-long", || {
        b"\x80\x04\x95\x03\0\0\0\0\0\0\0N.".to_vec()
    }),
    ("frame/too-short", || {
        b"\x80\x04\x95\x01\0\0\0\0\0\0\0NN\x86.".to_vec()
    }),
    ("frame/ends-inside-an-argument", || {
        b"\x80\x04\x95\x03\0\0\0\0\0\0\0X\x03\0\0\0abc.".to_vec()
    }),
    ("frame/within-a-frame", || {
        b"\x80\x04\x95\x0b\0\0\0\0\0\0\0\x95\x02\0\0\0\0\0\0\0N.".to_vec()
    }),
    ("frame/many-empty", || {
        join([&b"\x95\0\0\0\0\0\0\0\0".repeat(MANY / 9), &b"N."[..]])
    }),
    // Decimal numbers, whose conversion takes quadratic time.
    ("digits/INT", || line(b"I", b"9")),
    ("digits/LONG", || line(b"L", b"9")),
    ("digits/LONG-of-100000", || {
        join([b"L", &[b'9'; MANY][..], b"L\n."])
    }),
    ("digits/FLOAT", || line(b"F", b"9")),
    ("digits/FLOAT-of-zeros", || line(b"F0.", b"0")),
    ("digits/LONG4", || {
        join([b"\x8b\0\0\x10\0", &[0x7f; MEGABYTE][..], b"."])
    }),
    // Text that is slow to decode, or invalid.
    ("text/backslashes", || line(b"V", b"\\")),
    ("text/raw-unicode-escapes", || line(b"V", b"\\u0041")),
    ("text/broken-raw-unicode-escape", || b"V\\u00\n.".to_vec()),
    ("text/string-escapes", || {
        join([b"S'", &b"\\x41".repeat(MEGABYTE / 4)[..], b"'\n."])
    }),
    ("text/string-backslashes", || {
        join([b"S'", &b"\\\\".repeat(MEGABYTE / 2)[..], b"'\n."])
    }),
    ("text/broken-string-escape", || b"S'\\x4'\n.".to_vec()),
    ("text/open-quote", || b"S'abc\n.".to_vec()),
    ("text/lone-surrogate", || {
        b"X\x03\0\0\0\xed\xa0\x80.".to_vec()
    }),
    ("text/escaped-lone-surrogate", || b"V\\ud800\n.".to_vec()),
    ("text/lone-surrogates", || line(b"V", b"\\udfff")),
    ("text/not-utf8", || b"X\x01\0\0\0\xff.".to_vec()),
    ("text/latin1-beyond", || {
        b"c_codecs\nencode\nX\x03\0\0\0\xe2\x82\xacX\x06\0\0\0latin1\x86R.".to_vec()
    }),
    // Bytes that are not opcodes, and no bytes at all.
    ("unknown/0x00", || b"\0.".to_vec()),
    ("unknown/0xff", || b"N\xff.".to_vec()),
    ("unknown/empty", Vec::new),
    ("unknown/only-stop", || b".".to_vec()),
    ("unknown/a-challenge", || {
        b"#CHALLENGE:twenty random bytes!".to_vec()
    }),
    ("protocol/255", || b"\x80\xffN.".to_vec()),
    ("protocol/6", || b"\x80\x06N.".to_vec()),
    ("protocol/inside", || b"N\x80\x02.".to_vec()),
    // Classes and calls, which would run code.
    ("class/os.system", || b"cos\nsystem\n(S'true'\ntR.".to_vec()),
    ("class/subprocess.Popen", || {
        b"csubprocess\nPopen\n(]S'true'\natR.".to_vec()
    }),
    ("class/builtins.eval-by-stack", || {
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.".to_vec()
    }),
    ("class/getattr", || {
        b"c__builtin__\ngetattr\n(c__builtin__\nset\nS'__init__'\ntR.".to_vec()
    }),
    ("class/dotted-name", || {
        b"\x80\x04\x8c\x08builtins\x8c\x0bset.__new__\x93.".to_vec()
    }),
    ("class/by-INST", || b"(S'true'\nios\nsystem\n.".to_vec()),
    ("class/by-OBJ", || b"(cos\nsystem\nS'true'\no.".to_vec()),
    ("class/by-OBJ-of-a-value", || {
        b"(c__builtin__\nset\no.".to_vec()
    }),
    ("class/by-NEWOBJ", || b"cos\n_wrap_close\n)\x81.".to_vec()),
    ("class/by-NEWOBJ-of-a-value", || {
        b"c__builtin__\nset\n)\x81.".to_vec()
    }),
    ("class/by-NEWOBJ_EX", || {
        b"cos\n_wrap_close\n)}\x92.".to_vec()
    }),
    ("class/by-NEWOBJ_EX-of-a-value", || {
        b"c__builtin__\nset\n)}\x92.".to_vec()
    }),
    ("class/by-EXT1", || b"\x82\x07)R.".to_vec()),
    ("class/by-EXT2", || b"\x83\x07\x01)R.".to_vec()),
    ("class/by-EXT4", || b"\x84\x07\0\0\x01)R.".to_vec()),
    ("class/by-EXT4-negative", || {
        b"\x84\xff\xff\xff\xff)R.".to_vec()
    }),
    ("class/by-PERSID", || b"Pid\n.".to_vec()),
    ("class/by-BINPERSID", || b"NQ.".to_vec()),
    ("class/by-BUILD", || b"}}b.".to_vec()),
    ("class/reconstructor", || {
        b"ccopy_reg\n_reconstructor\n(cos\nsystem\nc__builtin__\nobject\nNtR.".to_vec()
    }),
    ("class/reconstructor-of-a-value", || {
        b"ccopy_reg\n_reconstructor\n(c__builtin__\nset\nc__builtin__\nobject\nNtR.".to_vec()
    }),
    ("class/reconstructor-itself", || {
        b"ccopy_reg\n_reconstructor\n.".to_vec()
    }),
    ("class/shared-constructor", || {
        b"c__builtin__\nset\nq\x000h\x00h\x00\x85R.".to_vec()
    }),
    ("class/encode-with-another-codec", || {
        b"c_codecs\nencode\nX\x01\0\0\0aX\x03\0\0\0bz2\x86R.".to_vec()
    }),
    ("class/bytearray-of-a-size", || {
        b"c__builtin__\nbytearray\nJ\xff\xff\xff\x7f\x85R.".to_vec()
    }),
    ("class/bytes-of-a-size", || {
        b"c__builtin__\nbytes\nJ\xff\xff\xff\x7f\x85R.".to_vec()
    }),
    ("class/range", || {
        b"c__builtin__\nxrange\nJ\xff\xff\xff\x7f\x85R.".to_vec()
    }),
    ("class/space-in-the-name", || {
        b"c__builtin__ \neval\r\n.".to_vec()
    }),
    ("class/end-of-line-in-the-name", || {
        b"\x80\x04\x8c\x03os\n\x8c\x06system\x93.".to_vec()
    }),
    ("class/no-name", || b"c\n\n.".to_vec()),
    ("class/name-of-a-megabyte", || {
        join([b"c", &[b'm'; MEGABYTE][..], b"\nf\n."])
    }),
    ("class/persistent-id-of-a-megabyte", || line(b"P", b"p")),
    ("class/call-of-a-number", || b"K\x01)R.".to_vec()),
    ("class/call-with-a-list", || {
        b"c__builtin__\nset\n]R.".to_vec()
    }),
    ("class/out-of-band-buffer", || b"\x80\x05\x97\x98.".to_vec()),
    // Keys that cannot be hashed.
    ("unhashable/list-as-key", || b"}]Ns.".to_vec()),
    ("unhashable/dict-as-key", || b"}}Ns.".to_vec()),
    ("unhashable/list-in-a-tuple-as-key", || {
        b"}]\x85Ns.".to_vec()
    }),
    ("unhashable/list-as-element", || b"\x8f(]\x90.".to_vec()),
    ("unhashable/set-as-element", || b"(\x8f\x91.".to_vec()),
    // Opcodes whose operands are missing or of the wrong type.
    ("misuse/APPEND-to-a-number", || b"K\x01Na.".to_vec()),
    ("misuse/APPENDS-without-a-mark", || b"]Ne.".to_vec()),
    ("misuse/SETITEMS-with-half-a-pair", || b"}(Nu.".to_vec()),
    ("misuse/DICT-with-half-a-pair", || b"(Nd.".to_vec()),
    ("misuse/SETITEM-in-a-list", || b"]K\x00Ns.".to_vec()),
    ("misuse/ADDITEMS-to-a-list", || b"](N\x90.".to_vec()),
    ("misuse/STACK_GLOBAL-of-numbers", || {
        b"K\x01K\x02\x93.".to_vec()
    }),
    ("misuse/STOP-at-a-mark", || b"N(.".to_vec()),
    ("misuse/TUPLE2-across-a-mark", || b"N(N\x86.".to_vec()),
];

/// The opcode with a valid argument, on an empty stack.
pub(super) fn on_empty_stack(opcode: Opcode) -> Vec<u8> {
    let argument: &[u8] = match opcode.argument() {
        ArgumentKind::None => b"",
        ArgumentKind::Unsigned(width)
        | ArgumentKind::TwosComplement(width)
        | ArgumentKind::Bytes(width)
        | ArgumentKind::Text(width) => &[0; 8][..width],
        ArgumentKind::Signed4 => &[1, 0, 0, 0],
        ArgumentKind::Decimal | ArgumentKind::DecimalLong | ArgumentKind::FloatLine => b"1\n",
        ArgumentKind::Double => &[0; 8],
        ArgumentKind::Line | ArgumentKind::RawUnicode => b"x\n",
        ArgumentKind::TwoLines => b"os\nsystem\n",
        ArgumentKind::Quoted => b"'x'\n",
    };
    join([&[opcode.byte()], argument, b"."])
}

/// Valid pickles of several protocols.
pub(super) const WHOLE: &[&[u8]] = &[
    b"(dp0\nS'key'\np1\n(lp2\nI1\naL2L\naF1.5\naVtext\np3\nas.",
    b"}q\x00(U\x03keyq\x01]q\x02(K\x01M\x02\x01J\x03\x00\x00\x01G?\xf8\0\0\0\0\0\0X\x04\0\0\0textq\x03eu.",
    b"\x80\x02}q\x00(U\x03keyq\x01\x8a\x01\x01\x88\x86q\x02U\x01kc__builtin__\nset\nq\x03]q\x04K\x01a\x85q\x05Rq\x06u.",
    b"\x80\x04\x95\x1d\0\0\0\0\0\0\0}\x94(\x8c\x03key\x94C\x02by\x94(K\x03\x91\x94\x8f\x94(K\x01K\x02\x90u.",
];

/// `core`, nested in repetitions of `open` and of `close`, each `MANY` bytes long.
fn nested(open: &[u8], core: &[u8], close: &[u8]) -> Vec<u8> {
    let levels = MANY / open.len().max(close.len());
    join([&open.repeat(levels), core, &close.repeat(levels), b"."])
}

/// Sixty levels, each of which refers twice to the one before.
fn bomb(first: &[u8], level: fn(u8) -> Vec<u8>) -> Vec<u8> {
    join([first, &(0..60).flat_map(level).collect::<Vec<_>>(), b"."])
}

/// An opcode, its line of a megabyte, and STOP.
fn line(opcode: &[u8], content: &[u8]) -> Vec<u8> {
    join([opcode, &content.repeat(MEGABYTE / content.len()), b"\n."])
}

fn join<const N: usize>(parts: [&[u8]; N]) -> Vec<u8> {
    parts.concat()
}
