//! Binds `truebell_fuzz::log::checkpoint` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::log::checkpoint(data));
