//! Binds `truebell_fuzz::machine_token` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::machine_token::run(data));
