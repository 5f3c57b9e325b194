//! `vectors`: checks, lists, shows and records vectors.

use std::fmt::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use processing_conformance::peers::{Peer, Supply, catalogue, named};
use processing_conformance::report::difference::differences;
use processing_conformance::report::{evidence, vector};
use processing_conformance::vectors::check::check_alike;
use processing_conformance::vectors::record::{FAMILY, file_name, record as record_peer};
use processing_conformance::vectors::{File, Finding, check as check_file, embedded_texts};
use wildmatch::WildMatch;

use super::args::{
    VectorsCheckArguments, VectorsCommand, VectorsListArguments, VectorsRecordArguments,
    VectorsShowArguments,
};
use super::{FAILED, GOOD, NOTHING_RUN, NOTHING_SELECTED, Refusal, print};

/// How long a peer may take for one operation while it is recorded.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn vectors(command: &VectorsCommand) -> Result<u8, Refusal> {
    match command {
        VectorsCommand::Check(arguments) => check(arguments),
        VectorsCommand::List(arguments) => list(arguments),
        VectorsCommand::Show(arguments) => show(arguments),
        VectorsCommand::Record(arguments) => record(arguments),
    }
}

fn check(arguments: &VectorsCheckArguments) -> Result<u8, Refusal> {
    let began = Instant::now();
    let (mut files, mut count, mut wrong) = (0, 0, 0);
    let mut text = String::new();
    let mut sound = Vec::new();
    for (name, content) in texts(&arguments.files)? {
        files += 1;
        let parsed = if arguments.no_digest {
            File::parse_unsealed(&content)
        } else {
            File::parse(&content)
        };
        match parsed {
            Ok(file) => {
                count += file.vectors.len();
                for finding in check_file(&file) {
                    wrong += 1;
                    write_finding(&mut text, &name, &file, &finding);
                }
                sound.push(file);
            }
            Err(error) => {
                wrong += 1;
                let _ = writeln!(text, "{name}: {error}\n");
            }
        }
    }
    for finding in check_alike(&sound.iter().collect::<Vec<_>>()) {
        wrong += 1;
        let vector = finding.vector.unwrap_or_default();
        let _ = writeln!(
            text,
            "{vector}: {}; expected {}\n",
            finding.failure.outcome, finding.failure.expected
        );
    }
    let took = began.elapsed().as_secs_f64();
    let unit = if files == 1 { "file" } else { "files" };
    let _ = writeln!(
        text,
        "{count} vectors in {files} {unit}, {wrong} wrong, in {took:.1} s"
    );
    print(&text);
    Ok(if wrong == 0 { GOOD } else { FAILED })
}

fn write_finding(text: &mut String, name: &str, file: &File, finding: &Finding) {
    let failure = &finding.failure;
    let vector = finding.vector.as_deref().unwrap_or("provenance");
    let _ = writeln!(text, "{name}: {vector}: {}", failure.outcome);
    let _ = writeln!(text, "    expected      {}", failure.expected);
    let detail = failure.detail.lines().map(ToOwned::to_owned);
    let framing = file.dialect.framing();
    let given = failure.given.as_ref().map(|given| {
        let annotated = evidence::annotate_pickle(given, framing);
        format!("given ({} bytes)\n{annotated}", given.len())
    });
    let compared = failure.evidence.as_ref();
    let compared = compared.map(|evidence| evidence::render(evidence, framing));
    let shown = given
        .iter()
        .chain(&compared)
        .flat_map(|shown| shown.lines());
    for line in detail.chain(shown.map(ToOwned::to_owned)) {
        let _ = writeln!(text, "    {line}");
    }
    text.push('\n');
}

fn list(arguments: &VectorsListArguments) -> Result<u8, Refusal> {
    let pattern = arguments.pattern.as_deref().unwrap_or("*");
    let glob = WildMatch::new(pattern);
    let area = format!("{}/", pattern.trim_end_matches('/'));
    let (mut text, mut count) = (String::new(), 0);
    for (name, file) in parsed(&arguments.files)? {
        let taken = |id: &str| glob.matches(id) || id.starts_with(&area);
        for vector in file.vectors.iter().filter(|vector| taken(vector.id())) {
            count += 1;
            let name = name.trim_end_matches(".json");
            let _ = writeln!(
                text,
                "{name:<25} {:<48} {}",
                vector.id(),
                vector::summary(vector)
            );
        }
    }
    if count == 0 {
        return Err(nothing_matches(pattern));
    }
    let _ = writeln!(text, "{count} vectors");
    print(&text);
    Ok(GOOD)
}

fn show(arguments: &VectorsShowArguments) -> Result<u8, Refusal> {
    // If several peers sent the same bytes, these are shown only once, with the names of the peers.
    let mut shown: Vec<(String, Vec<String>)> = Vec::new();
    for (name, file) in parsed(&arguments.files)? {
        let Some(vector) = file.vector(&arguments.id) else {
            continue;
        };
        let text = vector::show(vector, file.dialect);
        let name = name.trim_end_matches(".json").to_owned();
        match shown.iter_mut().find(|(known, _)| *known == text) {
            Some((_, names)) => names.push(name),
            None => shown.push((text, vec![name])),
        }
    }
    if shown.is_empty() {
        return Err(nothing_matches(&arguments.id));
    }
    let texts: Vec<String> = shown
        .iter()
        .map(|(text, names)| format!("{}\n{text}", names.join(", ")))
        .collect();
    print(&texts.join("\n"));
    Ok(GOOD)
}

fn nothing_matches(pattern: &str) -> Refusal {
    Refusal {
        code: NOTHING_SELECTED,
        message: format!(
            "no vector matches `{pattern}`; `processing-conformance vectors list` shows the vectors"
        ),
    }
}

fn record(arguments: &VectorsRecordArguments) -> Result<u8, Refusal> {
    let peers = peers(&arguments.peers)?;
    let directory = arguments.directory.clone().or_else(checkout);
    if directory.is_none() && !arguments.check {
        return Err(Refusal::usage(
            "there is no checkout to record into; name a directory with --directory",
        ));
    }
    let (mut text, mut code, mut recorded) = (String::new(), GOOD, 0);
    for (&peer, outcome) in peers
        .iter()
        .zip(record_all(&peers, &arguments.store.supply()))
    {
        let (file, findings) = match outcome {
            Ok(recording) => recording,
            Err(reason) => {
                let _ = writeln!(text, "{}: not recorded: {reason}", peer.name);
                code = FAILED;
                continue;
            }
        };
        recorded += 1;
        if let Some(finding) = findings.first() {
            write_finding(&mut text, &peer.name, &file, finding);
            code = FAILED;
        } else if arguments.check {
            let before = before(peer, directory.as_deref())?;
            if !compare(&mut text, peer, &before, &file) {
                code = FAILED;
            }
        } else if let Some(directory) = &directory {
            let path = directory.join(file_name(peer));
            let count = file.vectors.len();
            if is_recorded(&path, &file) {
                let _ = writeln!(text, "{}: {count} vectors, as before", path.display());
            } else {
                std::fs::write(&path, file.to_text()).map_err(|error| in_file(&path, &error))?;
                let _ = writeln!(text, "{}: {count} vectors", path.display());
            }
        }
    }
    print(&text);
    Ok(if recorded == 0 { NOTHING_RUN } else { code })
}

/// Records as many peers at once as there are processors. Returns the file of each peer and the errors in it, or the
/// reason why the peer was not recorded.
fn record_all(peers: &[&Peer], supply: &Supply) -> Vec<Result<(File, Vec<Finding>), String>> {
    let record = |peer: &&Peer| {
        let installed = supply.get(peer).map_err(|absence| absence.to_string())?;
        let file = record_peer(peer, &installed, PATIENCE).map_err(|error| error.to_string())?;
        let findings = check_file(&file);
        Ok((file, findings))
    };
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let parts: Vec<_> = peers
            .chunks(peers.len().div_ceil(workers).max(1))
            .map(|part| scope.spawn(move || part.iter().map(record).collect::<Vec<_>>()))
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().expect("recording does not panic"))
            .collect()
    })
}

/// Whether a file already holds this recording, apart from random values. Such a file is not written again.
fn is_recorded(path: &Path, now: &File) -> bool {
    let before = std::fs::read_to_string(path)
        .ok()
        .and_then(|text| File::parse(&text).ok());
    before.is_some_and(|before| differences(&before, now).is_empty())
}

/// Writes how a recording differs from the earlier one, and returns whether it reproduces that one.
fn compare(text: &mut String, peer: &Peer, before: &File, now: &File) -> bool {
    let found = differences(before, now);
    let (notes, changes): (Vec<_>, Vec<_>) = found.iter().partition(|found| found.of_the_machine);
    for note in notes {
        let _ = write!(
            text,
            "{}: recorded on another machine: {}: {}",
            peer.name, note.what, note.text
        );
    }
    if changes.is_empty() {
        let _ = writeln!(
            text,
            "{}: {} vectors reproduced",
            peer.name,
            now.vectors.len()
        );
        return true;
    }
    for change in &changes {
        let _ = writeln!(text, "{}: {}:", peer.name, change.what);
        for line in change.text.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    false
}

/// The peers to record: the named ones, or all peers over the family that is recorded on this system.
fn peers(names: &[String]) -> Result<Vec<&'static Peer>, Refusal> {
    if names.is_empty() {
        let is_recorded = |peer: &&Peer| peer.families.here().contains(&FAMILY);
        return Ok(catalogue().iter().filter(is_recorded).collect());
    }
    let mut found = Vec::new();
    for name in names {
        for peer in named(name).map_err(Refusal::usage)? {
            if !found.contains(&peer) {
                found.push(peer);
            }
        }
    }
    Ok(found)
}

/// The earlier recording of a peer, from a directory or from the suite itself.
fn before(peer: &Peer, directory: Option<&Path>) -> Result<File, Refusal> {
    let name = file_name(peer);
    let text = match directory {
        Some(directory) => {
            let path = directory.join(&name);
            std::fs::read_to_string(&path).map_err(|error| in_file(&path, &error))?
        }
        None => embedded_texts()
            .find(|(known, _)| *known == name)
            .map(|(_, text)| text.to_owned())
            .ok_or_else(|| Refusal::usage(format!("{} was not recorded before", peer.name)))?,
    };
    File::parse(&text).map_err(|error| Refusal::usage(format!("{name}: {error}")))
}

/// The directory of the files in a checkout, if Cargo started this program in one.
fn checkout() -> Option<PathBuf> {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    Some(manifest.parent()?.join("vectors")).filter(|directory| directory.is_dir())
}

/// The names and texts of the files on the command line, or else of those that are built into the suite.
fn texts(files: &[PathBuf]) -> Result<Vec<(String, String)>, Refusal> {
    if files.is_empty() {
        let owned = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        return Ok(embedded_texts().map(owned).collect());
    }
    files
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).map_err(|error| in_file(path, &error))?;
            Ok((path.display().to_string(), text))
        })
        .collect()
}

fn parsed(files: &[PathBuf]) -> Result<Vec<(String, File)>, Refusal> {
    texts(files)?
        .into_iter()
        .map(|(name, text)| match File::parse_unsealed(&text) {
            Ok(file) => Ok((name, file)),
            Err(error) => Err(Refusal::usage(format!("{name}: {error}"))),
        })
        .collect()
}

fn in_file(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::usage(format!("{}: {error}", path.display()))
}
