//! Binds `truebell_fuzz::reply` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::reply::run(data));
