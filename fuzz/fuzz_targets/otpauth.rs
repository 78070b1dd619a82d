//! Binds `truebell_fuzz::otpauth` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::otpauth::run(data));
