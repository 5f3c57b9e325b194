#![no_main]

use libfuzzer_sys::fuzz_target;
use processing_connection_fuzz::handshake;

fuzz_target!(|input: &[u8]| handshake::check(input));
