#![no_main]

use libfuzzer_sys::fuzz_target;
use processing_conformance_fuzz::disassembler;

fuzz_target!(|input: &[u8]| disassembler::check(input));
