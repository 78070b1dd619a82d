//! Binds `truebell_fuzz::ids` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::ids::run(data));
