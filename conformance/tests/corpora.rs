//! Replays the committed inputs of the fuzz targets, with the same checks: see `fuzz/`.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "the fuzz targets are another crate")]
mod properties;

#[test]
fn adapter() {
    replay("adapter", properties::adapter::check);
}

#[test]
fn disassembler() {
    replay("disassembler", properties::disassembler::check);
}

#[test]
fn notation() {
    replay("notation", properties::notation::check);
}

fn replay(target: &str, check: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let corpus = fs::read_dir(fuzz.join("corpus").join(target)).expect("it is committed");
    // Inputs that failed once. A target that never failed has no directory.
    let regressions = fs::read_dir(fuzz.join("regressions").join(target)).ok();
    let mut inputs = 0;
    for entry in corpus.chain(regressions.into_iter().flatten()) {
        let path = entry.expect("it can be listed").path();
        let input = fs::read(&path).expect("it can be read");
        assert!(
            catch_unwind(|| check(&input)).is_ok(),
            "{}: the reason is above",
            path.display()
        );
        inputs += 1;
    }
    assert!(inputs > 0, "no input for {target}");
}
