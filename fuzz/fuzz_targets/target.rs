#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sottovoce_fuzz::targets::run(env!("CARGO_BIN_NAME"), data));
