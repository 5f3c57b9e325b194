#![no_main]

use libfuzzer_sys::fuzz_target;
use processing_conformance_fuzz::adapter;

fuzz_target!(|input: &[u8]| adapter::check(input));
