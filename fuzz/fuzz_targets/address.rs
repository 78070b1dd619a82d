//! Binds `truebell_fuzz::address` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::address::run(data));
