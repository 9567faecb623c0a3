//! Finds the sources of the engine that `cargo info` has put into cargo's registry, and makes modules of two of its files.
//!
//! The engine as a whole runs Starknet transactions only, and is built from several hundred packages. Its scheduler and
//! its versioned storage need nothing of that, and are compiled here as they are published.

use std::path::PathBuf;
use std::{env, fs};

const PACKAGE: &str = "blockifier-0.20.0-rc.1";

fn main() {
    let home = env::var("CARGO_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|_| PathBuf::from(env::var("HOME").expect("HOME")).join(".cargo"));
    let sources = home.join("registry/src");
    let found = fs::read_dir(&sources)
        .expect("no sources in cargo's registry")
        .flatten()
        .map(|registry| registry.path().join(PACKAGE).join("src/concurrency"))
        .find(|folder| folder.is_dir())
        .expect("the package is not there: run `cargo info blockifier@0.20.0-rc.1`");
    let mut modules = String::new();
    for name in ["scheduler", "versioned_storage"] {
        let path = found.join(format!("{name}.rs"));
        modules += &format!("#[allow(dead_code, unexpected_cfgs)]\n#[path = {path:?}]\npub mod {name};\n");
    }
    let target = PathBuf::from(env::var("OUT_DIR").expect("OUT_DIR")).join("modules.rs");
    fs::write(target, modules).expect("cannot write");
}
