//! Takes the version of revm from the lock file, so that the adapter says what it was really built with.

fn main() {
    println!("cargo::rerun-if-changed=Cargo.lock");
    let lock = std::fs::read_to_string("Cargo.lock").expect("Cargo.lock is in the package");
    let entry = lock
        .split("[[package]]")
        .find(|entry| entry.contains("\nname = \"revm\"\n"))
        .expect("revm is locked");
    let version = entry
        .split("version = \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("it has a version");
    println!("cargo::rustc-env=REVM_VERSION={version}");
}
