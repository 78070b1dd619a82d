//! Binds `truebell_fuzz::kit` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::kit::run(data));
