//! Binds `truebell_fuzz::verifier` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::verifier::run(data));
