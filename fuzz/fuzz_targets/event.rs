//! Binds `truebell_fuzz::event` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::event::run(data));
