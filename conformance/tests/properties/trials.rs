//! The properties as tests: one for each property and testee.

use libtest_mimic::{Completion, Failed, Trial};
use processing_conformance::peers::{Peer, under_test};
use processing_connection::Family;

use crate::ends::{Fallible, Setting, Testee};
use crate::peers;

/// A property of a testee.
#[derive(Clone, Copy)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    /// The settings in which it is tried, or the reason why the testee has none.
    pub(crate) settings: for<'t> fn(&'t Testee) -> Result<Vec<Setting<'t>>, &'static str>,
    pub(crate) holds: fn(&Setting<'_>) -> Fallible<()>,
}

/// Tests of the reference.
pub(crate) fn of_reference(properties: &'static [Property]) -> impl Iterator<Item = Trial> {
    properties.iter().map(|property| {
        Trial::ignorable_test(property.title("reference"), || {
            property.check(&Testee::reference())
        })
    })
}

/// Tests of every peer that takes part. A peer is installed when its tests run, not when they are listed.
pub(crate) fn of_live_peers(properties: &'static [Property]) -> impl Iterator<Item = Trial> {
    let (here, elsewhere): (Vec<&Peer>, Vec<&Peer>) = under_test()
        .into_iter()
        .partition(|peer| peer.is_for_this_system());
    let trials = properties.iter().flat_map(move |property| {
        here.clone().into_iter().map(move |peer| {
            Trial::ignorable_test(property.title(&testee(peer)), move || {
                with_peer(peer, |testee| property.check(testee))
            })
        })
    });
    // One test says why all of them are missing.
    trials.chain(elsewhere.into_iter().map(|peer| {
        Trial::ignorable_test(format!("properties::{}", testee(peer)), move || {
            with_peer(peer, |_| Err("it has no family on this system".into()))
        })
    }))
}

/// The name of a peer on the command line.
fn testee(peer: &Peer) -> String {
    format!("peer:{}", peer.name)
}

fn with_peer(
    peer: &'static Peer,
    test: impl FnOnce(&Testee) -> Result<Completion, Failed>,
) -> Result<Completion, Failed> {
    match peers::install(peer) {
        Ok(installed) => test(&Testee::live(peer, installed)),
        Err(reason) => peers::without(peer, reason),
    }
}

impl Property {
    fn title(&self, testee: &str) -> String {
        format!("properties::{}::{testee}", self.name)
    }

    fn check(&self, testee: &Testee) -> Result<Completion, Failed> {
        match (self.settings)(testee) {
            Ok(settings) => {
                settings.iter().try_for_each(self.holds)?;
                Ok(Completion::Completed)
            }
            Err(reason) => Ok(Completion::ignored_with(reason)),
        }
    }
}

/// Every family and dialect of a testee.
pub(crate) fn everywhere(testee: &Testee) -> Result<Vec<Setting<'_>>, &'static str> {
    some(testee.settings(), "it has no family on this system")
}

/// Every family whose connections are streams of bytes, in every dialect.
pub(crate) fn over_streams(testee: &Testee) -> Result<Vec<Setting<'_>>, &'static str> {
    let mut settings = testee.settings();
    settings.retain(|setting| setting.family != Family::Pipe);
    some(
        settings,
        "on this system it has only named pipes, which are not streams",
    )
}

/// Every family of a testee whose objects are those of Python 2. Each is tried in one dialect, because the dialect does
/// not affect objects.
pub(crate) fn with_objects_of_python_2(testee: &Testee) -> Result<Vec<Setting<'_>>, &'static str> {
    let mut settings = testee.settings();
    settings.retain(|_| testee.is_python_2());
    settings.dedup_by_key(|setting| setting.family);
    some(settings, "its objects are not those of Python 2")
}

/// Returns the reason if there are no settings: a property that was never tried has not passed, so its test is ignored.
fn some<'t>(
    settings: Vec<Setting<'t>>,
    otherwise: &'static str,
) -> Result<Vec<Setting<'t>>, &'static str> {
    if settings.is_empty() {
        Err(otherwise)
    } else {
        Ok(settings)
    }
}
