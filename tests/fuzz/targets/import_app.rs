#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| grapnel_core::fuzz::import_app(data));
