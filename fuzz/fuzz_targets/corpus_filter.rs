//! Binds `truebell_fuzz::corpus::filter` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::corpus::filter(data));
