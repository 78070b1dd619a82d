//! Binds `truebell_fuzz::signal` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::signal::run(data));
