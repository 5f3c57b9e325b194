//! Operating systems.

use std::fmt;

/// An operating system that a testee may run on, by its name in [`std::env::consts::OS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// `android`.
    Android,
    /// `dragonfly`.
    DragonFly,
    /// `freebsd`.
    FreeBsd,
    /// `illumos`.
    Illumos,
    /// `linux`.
    Linux,
    /// `macos`.
    MacOs,
    /// `netbsd`.
    NetBsd,
    /// `openbsd`.
    OpenBsd,
    /// `solaris`.
    Solaris,
    /// `windows`.
    Windows,
}

impl Platform {
    /// Every operating system that the suite knows.
    pub const ALL: [Self; 10] = [
        Self::Android,
        Self::DragonFly,
        Self::FreeBsd,
        Self::Illumos,
        Self::Linux,
        Self::MacOs,
        Self::NetBsd,
        Self::OpenBsd,
        Self::Solaris,
        Self::Windows,
    ];

    /// The operating system that this program was built for, if the suite knows it.
    pub fn here() -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|platform| platform.name() == std::env::consts::OS)
    }

    /// Its name in [`std::env::consts::OS`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::DragonFly => "dragonfly",
            Self::FreeBsd => "freebsd",
            Self::Illumos => "illumos",
            Self::Linux => "linux",
            Self::MacOs => "macos",
            Self::NetBsd => "netbsd",
            Self::OpenBsd => "openbsd",
            Self::Solaris => "solaris",
            Self::Windows => "windows",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
