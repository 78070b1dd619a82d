//! Binds `truebell_fuzz::list::address` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::list::address(data));
