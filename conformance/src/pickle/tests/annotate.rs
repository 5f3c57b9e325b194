use insta::assert_snapshot;

use crate::pickle::annotate;

#[test]
fn instructions_are_listed_with_offsets_and_marks() {
    let pickle = b"\x80\x02]q\x01(K\x01J\xff\xff\xff\xff\x8a\x02\xff\x00G?\xf8\0\0\0\0\0\0U\x02it\
        X\x03\0\0\0\xed\xa0\x80cdatetime\ndate\nq\x02}(U\x01kNue.";
    assert_snapshot!(annotate(pickle), @"");
}

#[test]
fn protocol_0_is_listed_as_it_is_written() {
    assert_snapshot!(annotate(b"(lp1\nI01\naF0.1\naS'a\\n'\naV\\u20ac\nag1\na.rest"), @"");
}

#[test]
fn an_error_is_the_last_line() {
    assert_snapshot!(annotate(b"\x80\x02X\x09\0\0\0abc"), @"");
}

#[test]
fn length_is_bounded() {
    let mut pickle = b"T\xe8\x03\0\0".to_vec();
    pickle.extend([b'x'; 1000]);
    pickle.extend([b'('; 5000]);
    let listing = annotate(&pickle);
    assert!(listing.len() < 40_000, "{}", listing.len());
    assert_snapshot!(listing.lines().next().unwrap(), @"");
    assert!(
        listing.ends_with("  ...: 4601 more instructions\n 6005: ends without STOP\n"),
        "{listing}"
    );
}
