//! Binds `truebell_fuzz::pair::file` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::pair::file(data));
