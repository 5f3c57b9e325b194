//! Tests of every form of capture, as the tools write it.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;

/// The bytes of the dumps below: three messages in be32, of which one is empty and one has 32 zeros.
fn bytes() -> Vec<u8> {
    let mut bytes = b"\0\0\0\x05\x80\x02K*.\0\0\0\0\0\0\0\x20".to_vec();
    bytes.resize(bytes.len() + 32, 0);
    bytes
}

fn read(text: &str) -> Capture {
    Capture::read(text.as_bytes().to_vec(), None).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn refusal(text: &str) -> String {
    let error = Capture::read(text.as_bytes().to_vec(), None).expect_err(text);
    error.to_string()
}

fn only_stream(text: &str, form: Form) -> Vec<u8> {
    let mut capture = read(text);
    assert_eq!(capture.form, form, "{text}");
    assert_eq!(capture.streams.len(), 1, "{text}");
    assert_eq!(capture.streams[0].sender, Sender::Unknown);
    capture.streams.remove(0).bytes
}

const XXD: &str = "\
00000000: 0000 0005 8002 4b2a 2e00 0000 0000 0000  ......K*........
00000010: 2000 0000 0000 0000 0000 0000 0000 0000   ...............
00000020: 0000 0000 0000 0000 0000 0000 0000 0000  ................
00000030: 00                                       .
";
const HEXDUMP: &str = "\
00000000  00 00 00 05 80 02 4b 2a  2e 00 00 00 00 00 00 00  |......K*........|
00000010  20 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  | ...............|
00000020  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
00000030  00                                                |.|
00000031
";
const OD: &str = "\
000000 00 00 00 05 80 02 4b 2a 2e 00 00 00 00 00 00 00  >......K*........<
000010 20 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  > ...............<
000020 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  >................<
000030 00                                               >.<
000031
";
/// The output of `od -t x1`, whose offsets are octal.
const OD_OCTAL: &str = "\
0000000 00 00 00 05 80 02 4b 2a 2e 00 00 00 00 00 00 00
0000020 20 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
0000040 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
0000060 00
0000061
";

#[test]
fn dumps_of_all_tools_are_read() {
    for dump in [XXD, HEXDUMP, OD, OD_OCTAL] {
        assert_eq!(only_stream(dump, Form::Dump), bytes(), "{dump}");
    }
}

#[test]
fn a_star_repeats_the_line_before_it() {
    let dump = "00000000  41 41 41 41 41 41 41 41  41 41 41 41 41 41 41 41  |AAAAAAAAAAAAAAAA|\n*\n\
                00000040  42                                                |B|\n00000041\n";
    let mut expected = vec![b'A'; 64];
    expected.push(b'B');
    assert_eq!(only_stream(dump, Form::Dump), expected);
}

#[test]
fn text_beside_the_bytes_is_not_taken_for_bytes() {
    // The text beside the bytes is itself hexadecimal, and in the line with one byte it is far to the right.
    let bytes = b"ab cd ef 00 11 22";
    for dump in [
        "00000000: 6162 2063 6420 6566 2030 3020 3131 2032  ab cd ef 00 11 2\n00000010: 32                                       2\n",
        "00000000  61 62 20 63 64 20 65 66  20 30 30 20 31 31 20 32   ab cd ef  00 11 2\n00000010  32                                                  2\n",
        "00000000  61 62 20 63 64 20 65 66  20 30 30 20 31 31 20 32 ab cd ef  00 11 2\n00000010  32                                               2\n",
    ] {
        assert_eq!(only_stream(dump, Form::Dump), bytes, "{dump}");
    }
}

/// Both directions in turn, in the layout of Wireshark's `follow_stream_dialog.cpp`: four blanks before the server's
/// bytes, 49 columns for the bytes (two more in later versions), and separate offsets for each direction.
fn wireshark(turns: &[(Sender, &[u8])], wider: usize, indent: &str) -> String {
    let mut text = String::new();
    let mut offsets = [0, 0];
    for (sender, bytes) in turns {
        let is_server = *sender == Sender::Server;
        for chunk in bytes.chunks(16) {
            let offset = &mut offsets[usize::from(is_server)];
            let mut hex = String::new();
            for (at, byte) in chunk.iter().enumerate() {
                let gap = if at == 7 { " " } else { "" };
                write!(hex, "{byte:02x} {gap}").unwrap();
            }
            let ascii: String = chunk
                .iter()
                .map(|byte| {
                    if byte.is_ascii_graphic() {
                        char::from(*byte)
                    } else {
                        '.'
                    }
                })
                .collect();
            let indent = if is_server { indent } else { "" };
            let width = 49 + wider;
            writeln!(text, "{indent}{offset:08X}  {hex:<width$}{ascii}").unwrap();
            *offset += chunk.len();
        }
    }
    text
}

const TURNS: [(Sender, &[u8]); 4] = [
    (Sender::Server, b"\0\0\0\x1f#CHALLENGE:01234567890123456789"),
    (Sender::Client, b"\0\0\0\x14abcdefghijklmnopqrst"),
    (Sender::Server, b"\0\0\0\x08#WELCOME"),
    (Sender::Client, b"\0\0\0\0"),
];

fn assert_is_both_directions(capture: &Capture) {
    let of = |wanted| -> Vec<u8> {
        let turns = TURNS.iter().filter(|(sender, _)| *sender == wanted);
        turns.flat_map(|(_, bytes)| bytes.iter().copied()).collect()
    };
    for stream in &capture.streams {
        assert_eq!(stream.bytes, of(stream.sender));
    }
    let order: Vec<(Sender, usize)> = capture
        .turns
        .iter()
        .map(|turn| (capture.streams[turn.stream].sender, turn.length))
        .collect();
    assert_eq!(order, TURNS.map(|(sender, bytes)| (sender, bytes.len())));
}

#[test]
fn bytes_that_wireshark_indents_are_from_the_server() {
    for (wider, indent) in [(0, "    "), (2, "    "), (2, "\t")] {
        let dump = wireshark(&TURNS, wider, indent);
        assert_is_both_directions(&read(&dump));
        let framed = format!(
            "===================================================================\nFollow: tcp,hex\n\
             Filter: tcp.stream eq 0\nNode 0: 127.0.0.1:40000\nNode 1: 127.0.0.1:6000\n{dump}\
             ===================================================================\n"
        );
        assert_is_both_directions(&read(&framed));
    }
}

#[test]
fn arrows_show_the_direction() {
    let mut text = "# a remark, and an empty line\n\n".to_owned();
    for (number, (sender, bytes)) in TURNS.iter().enumerate() {
        let arrow = match (sender, number) {
            (Sender::Client, _) => ">",
            (_, 0) => "<",
            _ => "<-",
        };
        let lines = match number {
            0 => format!(
                "{arrow} {}\n  {}\n",
                hex::encode(&bytes[..9]),
                hex::encode(&bytes[9..])
            ),
            1 => format!("{arrow}b'{}'\n", bytes.escape_ascii()),
            _ => format!("{arrow} {}\n", hex::encode(bytes)),
        };
        text.push_str(&lines);
    }
    assert_is_both_directions(&read(&text));
}

#[test]
fn strace_shows_the_bytes_of_both_directions() {
    let capture = read(
        r##"[pid  7] connect(5, {sa_family=AF_INET}, 16) = 0
[pid  7] read(5, "\0\0\0\37", 4) = 4
read(5, "#CHALLENGE:01234567890123456789", 31) = 31
read(5, 0x7ffe, 4) = -1 EAGAIN (Resource temporarily unavailable)
sendto(5, "\0\0\0\24\"(\n\\\177\377", 10, 0, NULL, 0) = 10
write(5, "abcdef", 6) = 4
"##,
    );
    assert_eq!(capture.form, Form::Strace);
    assert_eq!(capture.streams[0].sender, Sender::Peer);
    assert_eq!(capture.streams[0].bytes, TURNS[0].1);
    assert_eq!(capture.streams[1].sender, Sender::Traced);
    assert_eq!(capture.streams[1].bytes, b"\0\0\0\x14\"(\n\\\x7f\xffabcd");
}

#[test]
fn a_descriptor_is_a_connection_only_between_connect_and_close() {
    let before = "read(3, \"# a file\", 65536) = 8\nclose(3) = 0\n";
    let connection = "read(3, \"\\0\\0\\0\\1\", 4) = 4\nread(4, \"another file\", 99) = 12\n\
                      close(4) = 0\nread(3, \"a\", 1) = 1\n";
    let after = "close(3) = 0\nread(3, \"a third\", 99) = 7\n";
    for begin in [
        "connect(3, {sa_family=AF_UNIX, sun_path=\"/tmp/l\"}, 9) = 0\n",
        "[pid 2] accept4(5, {sa_family=AF_UNIX}, [110 => 2], SOCK_CLOEXEC) = 3\n",
    ] {
        let log = [
            "execve(\"python\", [], 0) = 0\n",
            before,
            begin,
            connection,
            after,
        ]
        .concat();
        let capture = read(&log);
        assert_eq!(capture.form, Form::Strace);
        assert_eq!(capture.streams.len(), 1);
        assert_eq!(capture.streams[0].bytes, b"\0\0\0\x01a");
        assert!(refusal(&[&log, begin].concat()).contains("another connection"));
    }
    let refused = "connect(3, {sa_family=AF_UNIX}, 9) = -1 ENOENT (No such file)\n";
    let capture = read(&[refused, "read(5, \"a\", 1) = 1\n"].concat());
    assert_eq!(capture.streams[0].bytes, b"a");
}

#[test]
fn hexadecimal_can_be_written_in_many_ways() {
    for text in [
        "0000000580024b2a2e",
        "00000005 80024B2A2E\n",
        "0000 0005 8002 4b2a 2e",
        "00 00 00 05\r\n80 02 4b 2a 2e",
        "00:00:00:05:80:02:4b:2a:2e",
        "0x0000000580024b2a2e",
        "{0x0, 0x0, 0x00, 0x05, 0x80, 0x2, 0x4b, 0x2a, 0x2e}",
        "[0x00,0x00,0x00,0x05,0x80,0x02,0x4b,0x2a,0x2e];",
    ] {
        let form = Form::Hexadecimal;
        assert_eq!(only_stream(text, form), b"\0\0\0\x05\x80\x02K*.", "{text}");
    }
}

#[test]
fn literals_of_python_and_c_are_bytes() {
    for text in [
        r"b'\x00\x00\x00\x05\x80\x02K*.'",
        r"'\x00\x00\x00\x05\x80\x02K*.'",
        r#""\0\0\0\5\200\2K*.""#,
        r#"b"\x00\x00\x00\x05" b'\x80\x02K*.'"#,
        "(b'\\x00\\x00\\x00\\x05'\n b'\\x80\\x02K*.')",
        r"\x00\x00\x00\x05\x80\x02K*.",
        r#"['\x00\x00\x00\x05', "\x80\x02K*."]"#,
    ] {
        assert_eq!(
            only_stream(text, Form::Escaped),
            b"\0\0\0\x05\x80\x02K*.",
            "{text}"
        );
    }
    let all = r#"b'\a\b\t\n\v\f\r\\\'\"\x1b'"#;
    assert_eq!(
        only_stream(all, Form::Escaped),
        b"\x07\x08\t\n\x0b\x0c\r\\'\"\x1b"
    );
}

#[test]
fn input_without_another_form_is_raw() {
    for raw in [
        &b"\0\0\0\x05\x80\x02K*."[..],
        b"00000005hello",
        b"00000004abcd00000000",
        b"I42\n.",
        b"(lp0\nI1\na.",
        b"hello",
        b"",
        b"\n",
        b"\xff\xfe",
    ] {
        let capture = Capture::read(raw.to_vec(), None).expect("any bytes can be read as raw");
        assert_eq!(capture, Capture::raw(raw.to_vec()));
    }
    let told = Capture::read(b"0000".to_vec(), Some(Form::Raw));
    assert_eq!(told, Ok(Capture::raw(b"0000".to_vec())));
}

#[test]
fn an_error_names_the_line_and_the_problem() {
    let mut refusals = String::new();
    for text in [
        "000",
        "00 0",
        "b'\\x00",
        "b'\\xg'",
        "'\\777'",
        "'\\q'",
        "b'\u{e4}'",
        "b'\\x00' + name",
        "\"\\",
        "> 00 00\n< 0g",
        ">\n<\nxy",
        "0000000 0000 0500 0280\n0000006\n",
        "0000000 000000 002400 001200\n0000006\n",
        "00000000  00 01\n00000004  02\n",
        "00000000  00 01\n*\n",
        "00000000  00 01\n*\n00000000  00\n",
        "00000000: 0g\n",
        "00000000: 00\nand more\n",
        "*\n00000000: 00\n",
        "read(3, \"ab\"..., 4) = 4",
        "read(3, \"ab\", 2) = 2\nwrite(4, \"ab\", 2) = 2",
        "read(3, \"ab\", 2) = 2\n<... read resumed>\"ab\", 2) = 2",
        "read(3, \"ab",
    ] {
        let outcome = Capture::read(text.as_bytes().to_vec(), None);
        let outcome =
            outcome.map_or_else(|error| error.to_string(), |capture| format!("{capture:?}"));
        writeln!(refusals, "{text:?}\n    {outcome}").unwrap();
    }
    insta::assert_snapshot!(refusals);
}

#[test]
fn text_on_the_command_line_is_never_raw() {
    let text = Capture::from_text("00000000", None).expect("these are four zero bytes");
    assert_eq!(text.streams[0].bytes, [0; 4]);
    let refused = Capture::from_text("hello", None);
    assert_eq!(refused, Err(CaptureError::Unrecognised));
    let told = Capture::from_text("hello", Some(Form::Raw));
    assert_eq!(told, Ok(Capture::raw(b"hello".to_vec())));
}

#[test]
fn a_dump_does_not_grow_without_limit() {
    assert!(refusal("00000000: 00\n*\nffffffff: 00\n").contains("too many"));
    let mut little_by_little = "00000000: 00\n".to_owned();
    for mebibytes in (32..=96).step_by(32) {
        let offset = mebibytes << 20;
        writeln!(little_by_little, "*\n{offset:08x}: 00").unwrap();
        writeln!(little_by_little, "{:08x}: 00", offset + 1).unwrap();
    }
    assert!(refusal(&little_by_little).contains("too many"));
}

#[test]
fn a_given_form_is_not_detected() {
    for form in Form::ALL {
        assert_eq!(form.name().parse(), Ok(form));
    }
    for (input, told, wrong) in [
        (&b"hello"[..], Form::Hexadecimal, 1),
        (b"ab\n\xff", Form::Dump, 2),
    ] {
        match Capture::read(input.to_vec(), Some(told)) {
            Err(CaptureError::Malformed { form, line, .. }) => {
                assert_eq!((form, line), (told, wrong));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!("hexadecimal".parse::<Form>().is_err());
}

proptest! {
    #[test]
    fn any_bytes_can_be_read_in_any_form(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "[0-9a-fx \n\t:|*<>'\"\\\\b(=,.-]{0,200}".prop_map(String::into_bytes),
        ],
        told in proptest::option::of(proptest::sample::select(&Form::ALL[..])),
    ) {
        if let Ok(capture) = Capture::read(bytes, told) {
            let in_turns: usize = capture.turns.iter().map(|turn| turn.length).sum();
            prop_assert!(capture.turns.is_empty() || in_turns == capture.length());
            prop_assert!(capture.streams.len() <= 2);
        }
    }

    #[test]
    fn bytes_survive_every_form(bytes in proptest::collection::vec(any::<u8>(), 1..100)) {
        let literal = format!("b'{}'", bytes.escape_ascii());
        prop_assert_eq!(only_stream(&literal, Form::Escaped), bytes.clone());
        let text = Capture::from_text(&hex::encode(&bytes), None);
        prop_assert_eq!(&text.expect("digits are hexadecimal").streams[0].bytes, &bytes);
        let turns = [(Sender::Client, &bytes[..]), (Sender::Server, &bytes[..])];
        let capture = read(&wireshark(&turns, 2, "    "));
        prop_assert_eq!(capture.streams.len(), 2);
        for stream in &capture.streams {
            prop_assert_eq!(&stream.bytes, &bytes);
        }
    }
}
