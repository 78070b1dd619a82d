//! Binds `truebell_fuzz::seal` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::seal::run(data));
