//! Binds `truebell_fuzz::list::detect` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::list::detect(data));
