//! The modules of the library depend on each other in one direction only: in the order in which `lib.rs` declares them.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules in the order of `lib.rs`, from the lowest layer to the highest.
fn layers(library: &str) -> Vec<&str> {
    library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect()
}

/// The modules of the library that a source file names outside of its tests.
fn used<'l>(source: &str, layers: &[&'l str]) -> Vec<&'l str> {
    let without_tests = source.split("#[cfg(test)]\nmod tests {").next();
    let code: String = without_tests
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    layers
        .iter()
        .copied()
        .filter(|layer| {
            code.match_indices(&format!("crate::{layer}"))
                .any(|(at, path)| {
                    let next = code[at + path.len()..].chars().next();
                    next.is_none_or(|next| !next.is_alphanumeric() && next != '_')
                })
        })
        .collect()
}

/// Every source file of a module, except its tests.
fn sources(module: &Path) -> Vec<PathBuf> {
    let mut sources = Vec::new();
    let file = module.with_extension("rs");
    if file.exists() {
        sources.push(file);
    }
    let Ok(entries) = fs::read_dir(module) else {
        return sources;
    };
    for entry in entries {
        let path = entry.expect("the directory can be read").path();
        let name = path.file_stem().expect("it has a name");
        if name == "tests" {
            continue;
        }
        if path.is_dir() {
            sources.extend(sources_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
    sources
}

fn sources_in(directory: &Path) -> Vec<PathBuf> {
    // The file beside a directory of the same name is found with the other files of its parent.
    let of_directory = sources(directory);
    let beside = directory.with_extension("rs");
    of_directory
        .into_iter()
        .filter(|source| *source != beside)
        .collect()
}

/// The uses of a module that the order does not allow, one per line.
fn violations(layers: &[&str], module: &str, source: &str) -> Vec<String> {
    let own = layers.iter().position(|layer| *layer == module);
    let mut violations: Vec<String> = used(source, layers)
        .into_iter()
        .filter(|used| layers.iter().position(|layer| layer == used) > own)
        .map(|used| format!("{module} uses {used}, which lib.rs declares after it"))
        .collect();
    if source.contains("crate::{") {
        // This test does not examine the contents of the braces.
        violations.push(format!("{module} names several modules in one `use`"));
    }
    violations
}

#[test]
fn modules_use_only_those_that_are_declared_before_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let library = fs::read_to_string(root.join("lib.rs")).expect("the library is there");
    let layers = layers(&library);
    assert!(layers.len() > 10, "{layers:?}");
    let mut wrong = Vec::new();
    for module in &layers {
        let sources = sources(&root.join(module));
        assert!(!sources.is_empty(), "{module} has no source");
        for path in sources {
            let source = fs::read_to_string(&path).expect("the source can be read");
            for violation in violations(&layers, module, &source) {
                wrong.push(format!("{}: {violation}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_use_of_a_later_module_is_found_in_every_form() {
    let layers = ["low", "lower_still", "high"];
    for source in [
        "use crate::high::Thing;",
        "use crate::high;",
        "fn f() { crate::high::call() }",
        "pub(in crate::high) fn f() {}",
    ] {
        let found = violations(&layers, "low", source);
        assert_eq!(
            found,
            ["low uses high, which lib.rs declares after it"],
            "{source}"
        );
    }
    let grouped = violations(&layers, "low", "use crate::{high, low};");
    assert_eq!(grouped, ["low names several modules in one `use`"]);
    for source in [
        "use crate::low::Thing;",
        "use crate::highest::Thing;",
        "//! See [`high`](crate::high).",
        "use super::Thing;\n#[cfg(test)]\nmod tests {\n    use crate::high::Thing;\n}",
    ] {
        let found = violations(&layers, "low", source);
        assert!(found.is_empty(), "{source}: {found:?}");
    }
}
