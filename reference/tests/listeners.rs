//! Listeners, clients, addresses and families.

mod common;

use std::net::TcpStream;
use std::time::Duration;

use common::{families, pair};
use processing_connection::{Address, Connector, Error, Family, Listener, connect};
use socket2::SockRef;

#[test]
fn a_listener_without_address_and_family_uses_the_default_family() {
    let listener = Listener::builder().bind().unwrap();
    assert_eq!(listener.address().family(), Family::default());
    assert_eq!(
        Family::default(),
        if cfg!(unix) {
            Family::Unix
        } else if cfg!(windows) {
            Family::Pipe
        } else {
            Family::Inet
        }
    );
}

#[test]
fn an_empty_address_counts_as_none() {
    let listener = Listener::bind("").unwrap();
    assert_eq!(listener.address().family(), Family::default());
    let listener = Listener::builder()
        .address("")
        .family(Family::Inet)
        .bind()
        .unwrap();
    assert_eq!(listener.address().family(), Family::Inet);
    assert!(matches!(connect(""), Err(Error::BadAddress { .. })));
}

#[test]
fn the_family_is_inferred_from_the_address() {
    assert_eq!(Address::infer("localhost:6000").family(), Family::Unix);
    assert_eq!(Address::infer(r"\\server\pipe\name").family(), Family::Pipe);
    assert_eq!(Address::infer(r"\one").family(), Family::Unix);
}

#[test]
fn an_explicit_family_must_agree() {
    let listener = Listener::builder()
        .address(("localhost", 0))
        .family(Family::Inet)
        .bind()
        .unwrap();
    Connector::new()
        .family(Family::Inet)
        .connect(listener.address())
        .unwrap();
    let conflict = Connector::new()
        .family(Family::Unix)
        .connect(listener.address());
    assert!(matches!(
        conflict,
        Err(Error::FamilyMismatch {
            family: Family::Unix,
            ..
        })
    ));
    let conflict = Listener::builder()
        .address("/nowhere/x")
        .family(Family::Inet)
        .bind();
    assert!(matches!(
        conflict,
        Err(Error::FamilyMismatch {
            family: Family::Inet,
            ..
        })
    ));
}

#[test]
fn an_unknown_family_names_the_valid_ones() {
    let error = "AF_INET6".parse::<Family>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown family \"AF_INET6\": expected AF_INET, AF_UNIX or AF_PIPE"
    );
    for family in Family::ALL {
        assert_eq!(family.to_string().parse::<Family>().unwrap(), family);
    }
}

#[test]
fn a_family_that_is_not_available_is_an_error() {
    for family in Family::ALL
        .into_iter()
        .filter(|family| !family.is_available())
    {
        let error = Listener::builder().family(family).bind().unwrap_err();
        assert!(
            error.to_string().contains("not available on this system"),
            "{error}"
        );
        let error = connect(Address::arbitrary(family)).unwrap_err();
        assert!(matches!(error, Error::FamilyNotAvailable { .. }));
    }
}

#[test]
fn port_0_becomes_the_port_that_was_bound() {
    let listener = Listener::bind(("localhost", 0)).unwrap();
    match listener.address() {
        Address::Inet { host, port } => assert!(host == "127.0.0.1" && *port != 0),
        other => panic!("{other}"),
    }
}

#[test]
fn an_empty_host_listens_everywhere_and_connects_nowhere() {
    let mut listener = Listener::bind(("", 0)).unwrap();
    let Address::Inet { host, port } = listener.address().clone() else {
        panic!()
    };
    assert_eq!(host, "0.0.0.0");
    let _client = connect(("127.0.0.1", port)).unwrap();
    listener.accept().unwrap();
    assert!(matches!(connect(("", port)), Err(Error::BadAddress { .. })));
}

#[test]
fn last_accepted_is_none_before_the_first_client_and_then_its_address() {
    for family in families() {
        let mut listener = Listener::builder().family(family).bind().unwrap();
        assert_eq!(listener.last_accepted(), None);
        let _client = connect(listener.address()).unwrap();
        listener.accept().unwrap();
        match (family, listener.last_accepted()) {
            (Family::Inet, Some(Address::Inet { host, port })) => {
                assert!(host == "127.0.0.1" && *port != 0);
            }
            (Family::Unix, Some(address)) => assert_eq!(*address, Address::infer("")),
            (Family::Pipe, None) => {}
            (_, other) => panic!("{family} {other:?}"),
        }
    }
}

#[test]
fn a_listener_serves_one_client_after_another() {
    for family in families() {
        let mut listener = Listener::builder()
            .family(family)
            .backlog(5)
            .bind()
            .unwrap();
        let clients: Vec<_> = (0..5)
            .map(|n| {
                let mut client = connect(listener.address()).unwrap();
                client.send(&n).unwrap();
                client
            })
            .collect();
        for n in 0..5 {
            assert_eq!(listener.accept().unwrap().recv::<i32>().unwrap(), n);
        }
        drop(clients);
    }
}

#[test]
fn a_client_that_leaves_at_once_does_not_disturb_the_next() {
    for family in families() {
        let mut listener = Listener::builder()
            .family(family)
            .backlog(2)
            .bind()
            .unwrap();
        drop(connect(listener.address()).unwrap());
        let mut client = connect(listener.address()).unwrap();
        client.send(&1).unwrap();
        assert!(matches!(
            listener.accept().unwrap().recv::<i32>(),
            Err(Error::Closed)
        ));
        assert_eq!(listener.accept().unwrap().recv::<i32>().unwrap(), 1);
    }
}

#[test]
fn a_client_that_resets_before_it_is_accepted_does_not_disturb_the_next() {
    let mut listener = Listener::bind(("127.0.0.1", 0)).unwrap();
    let Address::Inet { host, port } = listener.address().clone() else {
        panic!("{}", listener.address());
    };
    let leaving = TcpStream::connect((host, port)).unwrap();
    SockRef::from(&leaving)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(leaving);
    let mut client = connect(listener.address()).unwrap();
    client.send(&1).unwrap();
    // The system decides whether a client that has left is accepted.
    let received = match listener.accept().unwrap().recv::<i32>() {
        Err(Error::Reset { .. }) => listener.accept().unwrap().recv::<i32>(),
        other => other,
    };
    assert_eq!(received.unwrap(), 1);
}

#[test]
fn a_closed_listener_refuses_clients_and_keeps_its_connections() {
    for family in families() {
        let mut listener = Listener::builder().family(family).bind().unwrap();
        let address = listener.address().clone();
        let mut client = connect(&address).unwrap();
        let mut conn = listener.accept().unwrap();
        listener.close();
        listener.close();
        assert!(matches!(listener.accept(), Err(Error::NotOpen)));
        assert_eq!(*listener.address(), address);
        let impatient = Connector::new().busy_timeout(Duration::ZERO);
        let error = impatient.connect(&address).unwrap_err();
        let expected = match family {
            Family::Inet => matches!(error, Error::Refused { .. }),
            Family::Unix => matches!(error, Error::NotFound { .. }),
            // The open connection keeps the name in use.
            Family::Pipe => matches!(error, Error::TimedOut { .. }),
        };
        assert!(expected, "{error:?}");
        client.send(&1).unwrap();
        assert_eq!(conn.recv::<i32>().unwrap(), 1);
    }
}

#[test]
fn a_closed_address_can_be_used_again_at_once() {
    for family in families() {
        let listener = Listener::builder().family(family).bind().unwrap();
        let address = listener.address().clone();
        drop(listener);
        let mut again = Listener::bind(&address).unwrap();
        let _client = connect(&address).unwrap();
        again.accept().unwrap();
    }
}

#[test]
fn a_port_that_is_in_use_is_refused() {
    let listener = Listener::bind(("localhost", 0)).unwrap();
    let error = Listener::bind(listener.address()).unwrap_err();
    assert!(matches!(error, Error::AddressInUse { .. }), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1"));
}

#[test]
fn a_host_must_have_an_ipv4_address() {
    for host in ["no-such-host.invalid", "::1"] {
        assert!(matches!(
            connect((host, 6000)),
            Err(Error::UnknownHost { .. })
        ));
        assert!(matches!(
            Listener::bind((host, 0)),
            Err(Error::UnknownHost { .. })
        ));
    }
    assert!(matches!(
        connect(("a\0b", 1)),
        Err(Error::BadAddress { .. })
    ));
    assert!(matches!(
        connect(("localhost", 0)),
        Err(Error::BadAddress { .. })
    ));
}

#[test]
fn dropping_or_closing_one_end_closes_the_other() {
    for family in families() {
        let (one, mut other) = pair(family);
        drop(one);
        assert!(matches!(other.recv::<i32>(), Err(Error::Closed)));
        let (mut one, mut other) = pair(family);
        one.send(&1).unwrap();
        one.close();
        assert_eq!(other.recv::<i32>().unwrap(), 1);
        assert!(matches!(other.recv::<i32>(), Err(Error::Closed)));
    }
}

#[cfg(unix)]
mod unix_paths {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    #[test]
    fn the_path_lives_as_long_as_its_listener_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let listener = Listener::bind(path.as_path()).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn a_path_that_exists_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "mine").unwrap();
        assert!(matches!(
            Listener::bind(path.as_path()),
            Err(Error::PathExists { .. })
        ));
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        assert!(matches!(
            connect(path.as_path()),
            Err(Error::Refused { .. })
        ));
    }

    #[test]
    fn a_path_in_use_does_not_disturb_its_listener() {
        let mut listener = Listener::builder().family(Family::Unix).bind().unwrap();
        assert!(matches!(
            Listener::bind(listener.address()),
            Err(Error::PathExists { .. })
        ));
        let _client = connect(listener.address()).unwrap();
        listener.accept().unwrap();
    }

    #[test]
    fn a_path_that_another_has_taken_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let mut first = Listener::bind(path.as_path()).unwrap();
        fs::remove_file(&path).unwrap();
        let _second = Listener::bind(path.as_path()).unwrap();
        first.close();
        assert!(path.exists());
    }

    #[test]
    fn a_path_may_be_as_long_as_the_system_allows() {
        let limit = if cfg!(target_os = "linux") { 107 } else { 103 };
        let dir = tempfile::Builder::new()
            .prefix("p")
            .tempdir_in("/tmp")
            .unwrap();
        let of_length = |length: usize| {
            let start = dir.path().join("");
            let fill = "x".repeat(length - start.as_os_str().len());
            start.join(fill)
        };
        Listener::bind(of_length(limit)).unwrap();
        let error = Listener::bind(of_length(limit + 1)).unwrap_err();
        assert!(matches!(error, Error::PathTooLong { limit: l, .. } if l == limit));
        assert!(matches!(
            connect(of_length(limit + 1)),
            Err(Error::PathTooLong { .. })
        ));
        assert!(matches!(connect("a\0b"), Err(Error::BadAddress { .. })));
    }

    #[test]
    fn a_directory_that_does_not_exist_is_not_found() {
        let path = Path::new("/no/such/directory/socket");
        assert!(matches!(Listener::bind(path), Err(Error::NotFound { .. })));
        assert!(matches!(connect(path), Err(Error::NotFound { .. })));
    }

    #[test]
    fn arbitrary_paths_differ() {
        let one = Address::arbitrary(Family::Unix);
        assert_ne!(one, Address::arbitrary(Family::Unix));
        assert!(one.to_string().contains("py-connection-"));
    }

    #[test]
    fn a_socket_file_without_a_listener_refuses_connections() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stale");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(matches!(
            connect(path.as_path()),
            Err(Error::Refused { .. })
        ));
    }
}

/// Names in the abstract namespace of Linux.
#[cfg(target_os = "linux")]
mod abstract_names {
    use super::*;

    /// A name that no other test has.
    fn name(suffix: &str) -> String {
        format!("\0processing-connection-{}-{suffix}", std::process::id())
    }

    #[test]
    fn a_name_is_listened_on_and_connected_to() {
        // A NUL byte is like any other byte inside a name.
        for name in [name("plain"), name("with\0nul"), name("")] {
            let mut listener = Listener::bind(&*name).unwrap();
            assert_eq!(listener.address(), &Address::infer(&name));
            assert_eq!(listener.address().family(), Family::Unix);
            let mut client = connect(&*name).unwrap();
            let mut server = listener.accept().unwrap();
            assert_eq!(listener.last_accepted(), Some(&Address::from("")));
            client.send(&42).unwrap();
            assert_eq!(server.recv::<i32>().unwrap(), 42);
        }
    }

    #[test]
    fn a_name_is_free_when_its_listener_is_gone() {
        let name = name("again");
        assert!(matches!(connect(&*name), Err(Error::Refused { .. })));
        for _ in 0..2 {
            let listener = Listener::bind(&*name).unwrap();
            let error = Listener::bind(&*name).unwrap_err();
            assert!(matches!(error, Error::AddressInUse { .. }), "{error:?}");
            assert!(
                error.to_string().ends_with("choose another name"),
                "{error}"
            );
            drop(listener);
        }
        assert!(matches!(connect(&*name), Err(Error::Refused { .. })));
    }

    #[test]
    fn a_name_may_have_107_bytes_after_the_first() {
        let of_length = |length: usize| format!("{:x<length$}", name(""));
        Listener::bind(of_length(108)).unwrap();
        for too_long in [
            Listener::bind(of_length(109)).map(drop),
            connect(of_length(109)).map(drop),
        ] {
            assert!(matches!(
                too_long,
                Err(Error::PathTooLong {
                    limit: 108,
                    length: 109,
                    ..
                })
            ));
        }
    }

    #[test]
    fn a_name_is_shown_escaped() {
        let address = Address::from("\0rns/default/rpc");
        assert!(address.is_abstract());
        assert_eq!(address.to_string(), r"'\x00rns/default/rpc'");
        assert!(!Address::from("/tmp/rpc").is_abstract());
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
#[test]
fn only_linux_has_abstract_names() {
    for result in [
        Listener::bind("\0name").map(drop),
        connect("\0name").map(drop),
    ] {
        assert!(matches!(result, Err(Error::BadAddress { .. })));
    }
}

#[test]
fn accept_may_come_before_or_after_the_client() {
    let mut listener = Listener::builder()
        .family(Family::Inet)
        .accept_timeout(Duration::from_secs(20))
        .bind()
        .unwrap();
    let address = listener.address().clone();
    let client = common::in_thread(move || {
        std::thread::sleep(Duration::from_millis(50));
        connect(address).unwrap()
    });
    listener.accept().unwrap();
    client.join().unwrap();
}
