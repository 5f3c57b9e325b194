//! Shows the events on the wires of an execution, field by field.

use std::collections::HashMap;
use std::fmt::Write;

use super::explanation::{self, Bytes, Excerpt, What};
use crate::wire::frame::{Decoder, Field};
use crate::wire::{Direction, Entry, Event, Framing};

/// How many events a report keeps. These are the last ones, because they led to the failure.
const KEPT: usize = 40;
/// How many of them are shown to people.
const SHOWN: usize = 12;
/// How many bytes of an event are shown.
const BYTES: usize = 12;

/// Describes the last events, in the context of all events.
pub fn excerpt(entries: &[Entry], framing: Framing) -> Excerpt {
    let mut streams = Streams {
        framing,
        decoders: HashMap::new(),
    };
    let mut shown: Vec<String> = entries
        .iter()
        .map(|entry| streams.describe(entry))
        .collect();
    let left_out = entries.len().saturating_sub(KEPT);
    let events = entries[left_out..]
        .iter()
        .zip(shown.drain(left_out..))
        .map(|(entry, shown)| explanation::Event {
            at_ms: (entry.at.as_secs_f64() * 1e6).round() / 1e3,
            connection: entry.connection,
            what: what(&entry.event),
            shown,
        });
    Excerpt {
        left_out,
        events: events.collect(),
    }
}

/// Writes one event on each line: its time, its connection, its direction, the number of bytes, and their meaning.
pub fn render(excerpt: &Excerpt) -> String {
    let mut text = String::new();
    let before = excerpt.events.len().saturating_sub(SHOWN);
    let left_out = excerpt.left_out + before;
    if left_out > 0 {
        let _ = writeln!(text, "{left_out} events before these");
    }
    for event in &excerpt.events[before..] {
        let _ = writeln!(
            text,
            "{:>8.1} ms  #{}  {}",
            event.at_ms, event.connection, event.shown
        );
    }
    text
}

fn what(event: &Event) -> What {
    match event {
        Event::Bytes {
            direction,
            bytes,
            length,
        } => What::Bytes {
            direction: *direction,
            bytes: Bytes::beginning(bytes, *length),
        },
        Event::Message {
            direction,
            bytes,
            length,
        } => What::Message {
            direction: *direction,
            bytes: Bytes::beginning(bytes, *length),
        },
        Event::End(direction) => What::End {
            direction: *direction,
        },
        Event::Note(_) => What::Note,
    }
}

/// The position in each direction of each connection.
struct Streams {
    framing: Framing,
    decoders: HashMap<(usize, Direction), Decoder>,
}

impl Streams {
    fn describe(&mut self, entry: &Entry) -> String {
        let arrow = |direction| match direction {
            Direction::ToTestee => "-> testee",
            Direction::FromTestee => "<- testee",
        };
        match &entry.event {
            Event::Note(note) => (*note).to_owned(),
            Event::End(direction) => format!("{}  end of stream", arrow(*direction)),
            Event::Bytes {
                direction,
                bytes,
                length,
            } => {
                let decoder = self.decoders.entry((entry.connection, *direction));
                let fields = decoder
                    .or_insert_with(|| Decoder::new(self.framing))
                    .take(bytes, *length);
                let label = name_fields(&fields);
                let bytes = beginning(bytes, *length);
                format!("{}  {length} bytes: {bytes}  ({label})", arrow(*direction))
            }
            Event::Message {
                direction,
                length: 0,
                ..
            } => format!("{}  an empty message", arrow(*direction)),
            Event::Message {
                direction,
                bytes,
                length,
            } => {
                let bytes = beginning(bytes, *length);
                format!("{}  {length} bytes: {bytes}  (message)", arrow(*direction))
            }
        }
    }
}

/// Shows the first bytes in hexadecimal.
fn beginning(bytes: &[u8], length: usize) -> String {
    let hex: Vec<String> = bytes
        .iter()
        .take(BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let more = if length > BYTES { " …" } else { "" };
    format!("{}{more}", hex.join(" "))
}

/// Names the fields in a segment, of which only the beginning may have been kept.
fn name_fields(fields: &[Field<'_>]) -> String {
    const NAMED: usize = 4;
    let mut named: Vec<String> = fields
        .iter()
        .map(|field| match field {
            Field::PartOfHeader => "part of a header".into(),
            Field::Header { announced } => format!("header of {announced}"),
            Field::Payload { is_end: true, .. } => "payload".into(),
            Field::Payload { is_end: false, .. } => "part of a payload".into(),
            Field::OutOfStep => "out of step".into(),
        })
        .collect();
    if named.len() > NAMED {
        let more = named.len() - NAMED;
        named.truncate(NAMED);
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn bytes(direction: Direction, bytes: &[u8]) -> Event {
        Event::Bytes {
            direction,
            bytes: bytes.to_vec(),
            length: bytes.len(),
        }
    }

    fn rendered(events: Vec<Event>) -> String {
        let entry = |(at, event)| Entry {
            at: Duration::from_millis(at),
            connection: 1,
            event,
        };
        let entries: Vec<Entry> = (0..).zip(events).map(entry).collect();
        render(&excerpt(&entries, Framing::Be32))
    }

    #[test]
    fn fields_are_named_across_segments() {
        insta::assert_snapshot!(rendered(vec![
            Event::Note("connected"),
            bytes(Direction::ToTestee, b"\0\0"),
            bytes(Direction::ToTestee, b"\0\x03ab"),
            bytes(Direction::FromTestee, b"\0\0\0\0"),
            bytes(Direction::ToTestee, b"c\0\0\0\x01d"),
            Event::End(Direction::FromTestee),
        ]));
    }

    #[test]
    fn messages_of_a_pipe_have_no_header() {
        let message = |direction, bytes: &[u8]| Event::Message {
            direction,
            bytes: bytes.to_vec(),
            length: bytes.len(),
        };
        let text = rendered(vec![
            message(Direction::ToTestee, b"\0\0\0\x01"),
            message(Direction::FromTestee, b""),
        ]);
        assert!(
            text.contains("-> testee  4 bytes: 00 00 00 01  (message)"),
            "{text}"
        );
        assert!(text.contains("<- testee  an empty message"), "{text}");
    }

    #[test]
    fn a_long_segment_is_one_payload() {
        let message = Framing::Be32.message(&[7; 10_000]);
        let event = Event::Bytes {
            direction: Direction::FromTestee,
            bytes: message[..4096].to_vec(),
            length: message.len(),
        };
        insta::assert_snapshot!(rendered(vec![
            event,
            bytes(Direction::FromTestee, b"\0\0\0\x01x")
        ]));
    }

    #[test]
    fn only_the_last_events_are_shown() {
        let events = (0..30)
            .map(|_| bytes(Direction::ToTestee, b"\0\0\0\x01x"))
            .collect();
        let text = rendered(events);
        assert!(text.starts_with("18 events before these\n"), "{text}");
        assert_eq!(text.lines().count(), 13);
    }

    #[test]
    fn a_stream_out_of_step_says_so() {
        let entry = Entry {
            at: Duration::ZERO,
            connection: 1,
            event: bytes(Direction::ToTestee, b"GET / HTTP"),
        };
        assert!(render(&excerpt(&[entry], Framing::Hex8)).contains("out of step"));
    }
}
