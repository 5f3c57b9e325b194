//! The text of the report for people, without the parts that differ from run to run.

/// The block of the report about one execution.
pub(crate) fn block(report: &str, execution: &str, replaced: &[(&str, &str)]) -> String {
    let head = |line: &str| {
        ["FAIL  ", "SHOULD  "].iter().any(|title| {
            line.strip_prefix(title)
                .is_some_and(|rest| rest.starts_with(execution))
        })
    };
    let lines: Vec<&str> = report
        .lines()
        .skip_while(|line| !head(line))
        .take_while(|line| !line.is_empty())
        .collect();
    assert!(
        !lines.is_empty(),
        "the report does not mention {execution}:\n{report}"
    );
    let lines = without_transcript(&lines);
    replaced
        .iter()
        .fold(without_scratch(&lines.join("\n")), |text, (from, to)| {
            text.replace(from, to)
        })
}

/// The transcript contains times. Separate tests cover its form.
fn without_transcript<'l>(lines: &[&'l str]) -> Vec<&'l str> {
    const CONTINUED: &str = "                  ";
    let mut inside = false;
    lines
        .iter()
        .filter(|line| {
            inside = line.trim_start().starts_with("transcript")
                || (inside && line.starts_with(CONTINUED));
            !inside
        })
        .copied()
        .collect()
}

/// Replaces the name of the suite's directory of socket files, which is different each time.
fn without_scratch(text: &str) -> String {
    const NAME: &str = "/pc-";
    const RANDOM: usize = 6;
    let shown = |word: &str| {
        word.find(NAME).map_or(word.to_owned(), |at| {
            format!("SCRATCH{}", &word[at + NAME.len() + RANDOM..])
        })
    };
    let line = |line: &str| line.split(' ').map(shown).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
