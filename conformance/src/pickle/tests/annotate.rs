use insta::assert_snapshot;

use crate::pickle::annotate;

#[test]
fn instructions_are_listed_with_offsets_and_marks() {
    let pickle = b"\x80\x02]q\x01(K\x01J\xff\xff\xff\xff\x8a\x02\xff\x00G?\xf8\0\0\0\0\0\0U\x02it\
        X\x03\0\0\0\xed\xa0\x80cdatetime\ndate\nq\x02}(U\x01kNue.";
    assert_snapshot!(annotate(pickle), @r#"
     0: \x80 PROTO      2
     2: ]    EMPTY_LIST
     3: q    BINPUT     1
     5: (    MARK
     6: K        BININT1    1
     8: J        BININT     -1
    13: \x8a     LONG1      255
    17: G        BINFLOAT   1.5
    26: U        SHORT_BINSTRING 'it'
    30: X        BINUNICODE u'\ud800'
    38: c        GLOBAL     'datetime date'
    53: q        BINPUT     2
    55: }        EMPTY_DICT
    56: (        MARK
    57: U            SHORT_BINSTRING 'k'
    60: N            NONE
    61: u        SETITEMS (MARK at 56)
    62: e    APPENDS (MARK at 5)
    63: .    STOP
    "#);
}

#[test]
fn protocol_0_is_listed_as_its_text() {
    assert_snapshot!(annotate(b"(lp1\nI01\naF0.1\naS'a\\n'\naV\\u20ac\nag1\na.rest"), @r#"
     0: (    MARK
     1: l    LIST (MARK at 0)
     2: p    PUT        1
     5: I    INT        01
     9: a    APPEND
    10: F    FLOAT      0.1
    15: a    APPEND
    16: S    STRING     'a\n'
    23: a    APPEND
    24: V    UNICODE    u'€'
    32: a    APPEND
    33: g    GET        1
    36: a    APPEND
    37: .    STOP
    38: 4 bytes after STOP
    "#);
}

#[test]
fn an_error_is_the_last_line() {
    assert_snapshot!(annotate(b"\x80\x02X\x09\0\0\0abc"), @r#"
    0: \x80 PROTO      2
    2: ends inside BINUNICODE
    "#);
}

#[test]
fn length_is_bounded() {
    let mut pickle = b"T\xe8\x03\0\0".to_vec();
    pickle.extend([b'x'; 1000]);
    pickle.extend([b'('; 5000]);
    let listing = annotate(&pickle);
    assert!(listing.len() < 40_000, "{}", listing.len());
    assert_snapshot!(listing.lines().next().unwrap(), @"    0: T    BINSTRING  'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'...<920 more>");
    assert!(
        listing.ends_with("  ...: 4601 more instructions\n 6005: ends without STOP\n"),
        "{listing}"
    );
}
