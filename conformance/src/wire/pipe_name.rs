//! Which addresses are pipes, and to which of them the suite connects.

use std::io::{self, ErrorKind};

use super::RawAddress;

/// The name of a pipe, if the address is one. A pipe of another machine is an error.
pub(super) fn pipe_name(address: &RawAddress) -> io::Result<Option<&str>> {
    let RawAddress::Text(text) = address else {
        return Ok(None);
    };
    let Some(rest) = text.strip_prefix(r"\\") else {
        return Ok(None);
    };
    let server = rest.split('\\').next().unwrap_or_default();
    let is_here = server == "."
        || std::env::var("COMPUTERNAME").is_ok_and(|own| own.eq_ignore_ascii_case(server));
    if is_here {
        Ok(Some(text))
    } else {
        Err(io::Error::new(
            ErrorKind::InvalidInput,
            format!("{text} is not a pipe on this machine"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pipes_of_this_machine_are_reached() {
        let text = |text: &str| RawAddress::Text(text.into());
        let here = text(r"\\.\pipe\name");
        assert_eq!(pipe_name(&here).unwrap(), Some(r"\\.\pipe\name"));
        for elsewhere in [r"\\example.org\pipe\name", r"\\", r"\\..\pipe\name"] {
            let error = pipe_name(&text(elsewhere)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{elsewhere}");
        }
        assert_eq!(pipe_name(&text("/tmp/socket")).unwrap(), None);
        assert_eq!(pipe_name(&text(r"\path")).unwrap(), None);
    }
}
