//! The text of a file of vectors: the fields of the file, followed by one vector per line.

use serde::Serialize;

use super::file::{File, digest};

/// Replaces the digest while it is computed.
const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl File {
    /// The text of the file, with its digest.
    pub fn to_text(&self) -> String {
        let about = [
            ("format", pretty(&self.format)),
            ("peer", pretty(&self.peer)),
            ("digest", pretty(&BLANK)),
            ("provenance", pretty(&self.provenance)),
            ("dialect", pretty(&self.dialect.to_string())),
        ];
        let mut lines = vec!["{".to_owned()];
        lines.extend(about.map(|(name, value)| format!("  \"{name}\": {value},")));
        lines.push("  \"vectors\": [".to_owned());
        let last = self.vectors.len().saturating_sub(1);
        lines.extend(self.vectors.iter().enumerate().map(|(number, vector)| {
            let text = serde_json::to_string(vector).expect("a vector is representable in JSON");
            text + if number < last { "," } else { "" }
        }));
        lines.extend(["  ]", "}", ""].map(Into::into));
        let text = lines.join("\n");
        let digest = digest(&text, BLANK);
        text.replacen(BLANK, &digest, 1)
    }
}

/// Formats a value with the indentation that it has in the file.
fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value)
        .expect("the description of a peer is representable in JSON")
        .replace('\n', "\n  ")
}
