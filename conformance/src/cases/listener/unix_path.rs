//! The socket file of a listener over `AF_UNIX`.

use std::path::{Path, PathBuf};

use super::{Going, TAKEN, UNIX_ONLY, address_of, goes, serve_another};
use crate::cases::{Case, Level};
use crate::context::Context;
use crate::context::Who;
use crate::context::failure::{CaseResult, Failure, Stop};
use crate::context::outcome::{Did, Found};
use crate::testee::message::OperationName;
use crate::testee::message::{Listen, Listening, Operation, RawAddress};
use processing_connection::Family;

/// The cases of this part of the area.
pub(in crate::cases) const CASES: &[Case] = &[
    Case {
        id: "listener/unix-path/appears",
        about: "The path exists as long as the listener does.",
        requirements: &["listener.unix-path"],
        needs: UNIX_ONLY,
        run: path_appears,
        ..Case::LISTENER
    },
    Case {
        id: "listener/unix-path/removed-by-close",
        about: "The path is removed when the listener is closed.",
        requirements: &["listener.unix-path"],
        needs: UNIX_ONLY,
        run: |context| path_removed(context, Going::Close),
        ..Case::LISTENER
    },
    Case {
        id: "listener/unix-path/removed-by-drop",
        about: "The path is removed when the listener is dropped.",
        requirements: &["listener.unix-path"],
        needs: UNIX_ONLY,
        run: |context| path_removed(context, Going::Drop),
        ..Case::LISTENER
    },
    Case {
        id: "listener/unix-path/default-removed",
        about: "A path that the listener chose itself is removed when the listener is closed.",
        requirements: &["listener.unix-path", "address.none-is-arbitrary"],
        needs: UNIX_ONLY,
        run: chosen_path_removed,
        ..Case::LISTENER
    },
    Case {
        id: "listener/unix-path/not-by-a-client",
        about: "A client that leaves does not remove the path.",
        requirements: &["listener.unix-path"],
        needs: UNIX_ONLY,
        run: path_survives_clients,
        ..Case::LISTENER
    },
    Case {
        id: "listener/unix-path/foreign-file",
        about: "Listening on a path where a file already exists is an error, and the file is left as it is.",
        requirements: &["listener.foreign-path", "error.kind"],
        needs: UNIX_ONLY,
        run: foreign_file,
        ..Case::LISTENER
    },
    Case {
        id: "listener/unix-path/foreign-socket",
        about: "Listening on a path where somebody else left a socket file is an error, and the file is left as it is.",
        requirements: &["listener.foreign-path", "error.kind"],
        needs: UNIX_ONLY,
        run: foreign_socket,
        ..Case::LISTENER
    },
    Case {
        id: "listener/unix-path/replaced",
        about: "`close` does not remove a path that now belongs to somebody else.",
        requirements: &["listener.replaced-path"],
        level: Level::Should,
        needs: UNIX_ONLY,
        run: path_replaced,
        ..Case::LISTENER
    },
    Case {
        id: "listener/unix-path/already-gone",
        about: "Closing a listener whose path has been removed is harmless.",
        requirements: &["listener.unix-path"],
        level: Level::Should,
        needs: UNIX_ONLY,
        run: path_already_gone,
        ..Case::LISTENER
    },
    Case {
        id: "listener/unix-path/mode",
        about: "The socket file is accessible only to its owner.",
        requirements: &["listener.unix-mode"],
        level: Level::May,
        needs: UNIX_ONLY,
        run: path_mode,
        ..Case::LISTENER
    },
];

fn path_appears(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let path = path_of(&listening)?;
    if !exists(&path) {
        return Err(Failure::new(
            (OperationName::Listen, Did::NoSocketFile),
            format!("{} exists", path.display()),
        )
        .into());
    }
    Ok(())
}

fn path_removed(context: &mut Context<'_>, going: Going) -> CaseResult {
    let listening = context.listen()?;
    let path = path_of(&listening)?;
    goes(context, &listening, going)?;
    expect_removed(&path)
}

fn chosen_path_removed(context: &mut Context<'_>) -> CaseResult {
    let arguments = Listen {
        family: Some("AF_UNIX".into()),
        ..context.listen_arguments()
    };
    let listening = context.listen_with(arguments)?;
    let path = path_of(&listening)?;
    context.close(Who::Testee, listening.listener)?;
    expect_removed(&path)
}

fn path_survives_clients(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    serve_another(context, &listening)?;
    let path = path_of(&listening)?;
    if !exists(&path) {
        return Err(Failure::new(
            Found::SocketFileIsGone,
            format!("{} exists", path.display()),
        )
        .into());
    }
    serve_another(context, &listening)
}

fn foreign_file(context: &mut Context<'_>) -> CaseResult {
    const CONTENT: &[u8] = b"somebody's file";
    let path = context.fresh_path();
    std::fs::write(&path, CONTENT).map_err(|error| Stop::NotRun(error.to_string()))?;
    let outcome = listen_on_foreign(context, &path);
    let content = std::fs::read(&path).ok();
    let _ = std::fs::remove_file(&path);
    if content.as_deref() != Some(CONTENT) {
        return Err(Failure::new(
            (OperationName::Listen, Did::SomebodysFileIsGone),
            "the file is left as it is",
        )
        .into());
    }
    outcome
}

fn foreign_socket(context: &mut Context<'_>) -> CaseResult {
    let path = context.fresh_path();
    // The socket is bound and abandoned, as by a process that is killed.
    let left = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)
        .and_then(|socket| socket.bind(&socket2::SockAddr::unix(&path)?));
    left.map_err(|error| Stop::NotRun(error.to_string()))?;
    let outcome = listen_on_foreign(context, &path);
    let is_there = exists(&path);
    let _ = std::fs::remove_file(&path);
    if !is_there {
        return Err(Failure::new(
            (OperationName::Listen, Did::SomebodysSocketFileIsGone),
            "the file is left as it is",
        )
        .into());
    }
    outcome
}

fn path_replaced(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let path = path_of(&listening)?;
    std::fs::remove_file(&path)
        .and_then(|()| std::fs::write(&path, b"somebody else's"))
        .map_err(|error| Stop::NotRun(error.to_string()))?;
    let outcome = context.close(Who::Testee, listening.listener);
    let is_there = exists(&path);
    let _ = std::fs::remove_file(&path);
    if !is_there {
        return Err(Failure::new(
            (OperationName::Close, Did::RemovedSomebodysFile),
            "the file that is now at the path is left as it is",
        )
        .into());
    }
    outcome
}

fn path_already_gone(context: &mut Context<'_>) -> CaseResult {
    let listening = context.listen()?;
    let path = path_of(&listening)?;
    std::fs::remove_file(&path).map_err(|error| Stop::NotRun(error.to_string()))?;
    context.close(Who::Testee, listening.listener)
}

#[cfg(unix)]
fn path_mode(context: &mut Context<'_>) -> CaseResult {
    use std::os::unix::fs::PermissionsExt;
    let listening = context.listen()?;
    let path = path_of(&listening)?;
    let metadata = path
        .symlink_metadata()
        .map_err(|error| Stop::NotRun(error.to_string()))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(
            Failure::new((OperationName::Listen, Did::OthersMayConnect), "mode 0600")
                .detail(format!("the mode is {mode:04o}"))
                .into(),
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn path_mode(_: &mut Context<'_>) -> CaseResult {
    Err(Stop::NotApplicable(
        "files have no mode on this system".into(),
    ))
}

fn expect_removed(path: &Path) -> CaseResult {
    if exists(path) {
        return Err(Failure::new(
            Found::SocketFileIsThere,
            format!("{} is gone", path.display()),
        )
        .into());
    }
    Ok(())
}

fn listen_on_foreign(context: &mut Context<'_>, path: &Path) -> CaseResult {
    let address = RawAddress::Text(path.to_string_lossy().into_owned());
    let arguments = Listen {
        address: Some(address),
        ..context.listen_arguments()
    };
    context
        .expect_error(Who::Testee, Operation::Listen(arguments), TAKEN)
        .map(drop)
}

fn path_of(listening: &Listening) -> Result<PathBuf, Stop> {
    match address_of(listening)? {
        RawAddress::Text(path) => Ok(path.into()),
        RawAddress::Pair(..) => Err(Failure::new(
            (OperationName::Listen, Did::OfFamily(Family::Inet)),
            "a path",
        )
        .into()),
    }
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
