//! Binds `truebell_fuzz::item` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::item::run(data));
