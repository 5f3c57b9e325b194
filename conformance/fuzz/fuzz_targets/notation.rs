#![no_main]

use libfuzzer_sys::fuzz_target;
use processing_conformance_fuzz::notation;

fuzz_target!(|input: &[u8]| notation::check(input));
