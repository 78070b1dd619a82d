//! Binds `truebell_fuzz::secret_key` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| truebell_fuzz::secret_key::run(data));
