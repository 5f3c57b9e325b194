//! The seed's two programs, with `print` as a function, another import, and a key.

use libtest_mimic::Trial;
use processing_connection::{Address, AuthKey, Connection, Dialect, Error, Family};

use crate::interpreter::{FAMILIES, Interpreter, Reference, Stage, VERSIONS};

const KEY: &[u8] = b"secret";

type Test = fn(&Stage, Family, Reference);

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![Trial::test("seed::programs", || {
        the_programs_are_the_seeds();
        Ok(())
    })];
    let tests: [(&str, Test); 2] = [("server", server), ("client", client)];
    for version in VERSIONS {
        for &family in FAMILIES {
            for (name, test) in tests {
                for authkey in [None, Some(KEY)] {
                    let with = if authkey.is_some() {
                        "with-key"
                    } else {
                        "without-key"
                    };
                    let interpreter = Interpreter {
                        version,
                        authkey,
                        digest: None,
                    };
                    trials.push(Trial::ignorable_test(
                        format!("seed::{name}::{family}::{with}::{version}"),
                        move || interpreter.run(|stage| test(stage, family, reference(authkey))),
                    ));
                }
            }
        }
    }
    trials
}

pub(crate) fn reference(authkey: Option<&[u8]>) -> Reference {
    Reference {
        dialect: Dialect::MULTIPROCESSING_3_12,
        authkey: authkey.map(AuthKey::from),
    }
}

/// Checks that the programs differ from the seed's only in what this module says.
fn the_programs_are_the_seeds() {
    for (seed, program, end) in [
        (
            include_str!("../seed/server.py"),
            include_str!("server.py"),
            "Listener(address",
        ),
        (
            include_str!("../seed/client.py"),
            include_str!("client.py"),
            "Client(address",
        ),
    ] {
        let mut changed = String::from("from __future__ import print_function\n");
        for line in seed.lines() {
            let line = line
                .replace("from processing.", "from multiprocessing.")
                .replace(end, &format!("{end}, authkey=None"));
            let line = match line.strip_prefix("print ") {
                None => line,
                Some(printed) => match printed.split_once("    #") {
                    Some((printed, comment)) => format!("print({printed})    #{comment}"),
                    None => format!("print({printed})"),
                },
            };
            changed.push_str(&line);
            changed.push('\n');
        }
        assert_eq!(changed, program);
    }
}

/// The reference sends 42 to the seed's server and gets `[42]`.
fn server(stage: &Stage, family: Family, reference: Reference) {
    talk_to_server(stage, &stage.address(family), reference);
}

/// The reference connects to the seed's server, which answers one request and closes.
pub(crate) fn talk_to_server(stage: &Stage, address: &Address, reference: Reference) {
    let (server, connected) = stage.connect_to_server(address, reference);
    let mut connection = connected.expect("the server listens");
    send_42(&mut connection);
    assert!(matches!(connection.recv::<i64>(), Err(Error::Closed)));
    let (status, errors) = server.wait();
    assert!(status.success(), "{status}: {errors}");
}

/// Sends 42, and receives `[42]`.
pub(crate) fn send_42(connection: &mut Connection) {
    connection.send(&42).expect("the server is there");
    let boxed: Vec<i64> = connection.recv().expect("the server replies");
    assert_eq!(boxed, [42]);
}

/// The reference boxes the object that the seed's client sends.
fn client(stage: &Stage, family: Family, reference: Reference) {
    talk_to_client(stage, stage.address(family), reference);
}

/// The reference accepts the seed's client.
pub(crate) fn talk_to_client(stage: &Stage, address: Address, reference: Reference) {
    let (output, accepted) = stage.accept_client(address, reference, box_one);
    accepted.expect("the client comes");
    let printed = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines, ["sending: 42", "recieved: [42]"]);
}

/// Receives an object, and sends it back in a list.
pub(crate) fn box_one(connection: &mut Connection) {
    let object: i64 = connection.recv().expect("the client sends");
    connection.send(&vec![object]).expect("the client is there");
}
