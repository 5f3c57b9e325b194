#![no_main]

use libfuzzer_sys::fuzz_target;
use processing_connection_fuzz::guard;

fuzz_target!(|input: &[u8]| guard::check(input));
