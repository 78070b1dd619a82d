//! The fuzz targets' bodies, one file per thing that reads bytes from outside. Each takes any bytes at all and panics only when the
//! product broke a promise; what was promised stands above the function.
//!
//! Never here: what drives them. `fuzz_targets/` binds each to libFuzzer, and the test below replays the seeds without it.

pub mod address;
pub mod corpus;
pub mod event;
pub mod ids;
pub mod import;
pub mod item;
pub mod kit;
pub mod list;
pub mod log;
pub mod machine_token;
pub mod otpauth;
pub mod pair;
pub mod reply;
pub mod seal;
pub mod secret_key;
pub mod signal;
pub mod verifier;
pub mod wire;
mod world;

/// What a target does with an input.
pub type Body = fn(&[u8]);

/// Every target: its name is that of its file in `fuzz_targets/` and of its folder in `seeds/`.
pub const TARGETS: &[(&str, Body)] = &[
    ("address", address::run),
    ("corpus_file", corpus::file),
    ("corpus_filter", corpus::filter),
    ("corpus_list", corpus::list),
    ("event", event::run),
    ("ids", ids::run),
    ("import_bitwarden", import::bitwarden),
    ("import_csv", import::csv),
    ("import_onepassword", import::onepassword),
    ("import_protonpass", import::protonpass),
    ("import_raw", import::raw),
    ("item", item::run),
    ("kit", kit::run),
    ("list_address", list::address),
    ("list_detect", list::detect),
    ("list_read", list::read),
    ("log_checkpoint", log::checkpoint),
    ("log_proof", log::proof),
    ("machine_token", machine_token::run),
    ("otpauth", otpauth::run),
    ("pair_file", pair::file),
    ("pair_line", pair::line),
    ("pair_wire", pair::wire),
    ("reply", reply::run),
    ("seal", seal::run),
    ("secret_key", secret_key::run),
    ("signal", signal::run),
    ("verifier", verifier::run),
    ("wire", wire::run),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_target_has_its_binary_and_passes_its_seeds() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (name, run) in TARGETS {
            assert!(here.join("fuzz_targets").join(name).with_extension("rs").is_file(), "{name} has no binary");
            let seeds: Vec<_> = fs::read_dir(here.join("seeds").join(name)).expect(name).map(|seed| seed.expect(name).path()).collect();
            assert!(!seeds.is_empty(), "{name} has no seed");
            seeds.iter().for_each(|seed| run(&fs::read(seed).expect(name)));
        }
    }

    #[test]
    fn every_target_takes_nothing_at_all() {
        TARGETS.iter().for_each(|(_, run)| run(&[]));
    }
}
