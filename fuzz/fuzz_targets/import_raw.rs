//! Binds `truebell_fuzz::import::raw` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::import::raw(data));
