//! Binds `truebell_fuzz::list::read` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::list::read(data));
