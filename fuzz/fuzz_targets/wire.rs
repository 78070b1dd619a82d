//! Binds `truebell_fuzz::wire` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::wire::run(data));
