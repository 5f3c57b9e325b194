#![no_main]

use libfuzzer_sys::fuzz_target;
use processing_connection_fuzz::framing;

fuzz_target!(|input: &[u8]| framing::check(input));
