//! The few messages of a Perfetto trace that a timeline needs, in protocol buffers' wire format.
//!
//! A trace is packets (field 1), each with a time and either the description of a track or an event on one. Field numbers are those of
//! Perfetto's public definitions (`protos/perfetto/trace`): `trace_packet.proto`, `track_event/track_event.proto`,
//! `track_event/track_descriptor.proto`, `track_event/counter_descriptor.proto`.

/// Field numbers of `TracePacket`.
const PACKET: u32 = 1;
const TIMESTAMP: u32 = 8;
const SEQUENCE: u32 = 10;
const TRACK_EVENT: u32 = 11;
const TRACK_DESCRIPTOR: u32 = 60;
/// Field numbers of `TrackDescriptor`.
const UUID: u32 = 1;
const NAME: u32 = 2;
const PARENT: u32 = 5;
const COUNTER: u32 = 8;
/// Field numbers of `TrackEvent`.
const TYPE: u32 = 9;
const TRACK: u32 = 11;
const EVENT_NAME: u32 = 23;
const COUNTER_VALUE: u32 = 30;

/// All packets come from one writer.
const ONLY_SEQUENCE: u64 = 1;

/// An event on a track.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark<'a> {
    /// A slice of this name begins.
    Begin(&'a str),
    /// The innermost open slice ends.
    End,
    /// Something happens.
    Instant(&'a str),
    /// A counter has this value.
    Count(u64),
}

/// The packet of an event at `nanos` on `track`.
pub(super) fn event(nanos: u64, track: u64, mark: Mark<'_>) -> Vec<u8> {
    let mut event = Vec::new();
    let kind = match mark {
        Mark::Begin(_) => 1,
        Mark::End => 2,
        Mark::Instant(_) => 3,
        Mark::Count(_) => 4,
    };
    number(&mut event, TYPE, kind);
    number(&mut event, TRACK, track);
    match mark {
        Mark::Begin(name) | Mark::Instant(name) => bytes(&mut event, EVENT_NAME, name.as_bytes()),
        Mark::Count(value) => number(&mut event, COUNTER_VALUE, value),
        Mark::End => {}
    }
    let mut packet = Vec::new();
    number(&mut packet, TIMESTAMP, nanos);
    number(&mut packet, SEQUENCE, ONLY_SEQUENCE);
    bytes(&mut packet, TRACK_EVENT, &event);
    framed(&packet)
}

/// The packet that describes a track below `parent`, if any.
pub(super) fn track(uuid: u64, parent: Option<u64>, name: &str, counter: bool) -> Vec<u8> {
    let mut about = Vec::new();
    number(&mut about, UUID, uuid);
    bytes(&mut about, NAME, name.as_bytes());
    if let Some(parent) = parent {
        number(&mut about, PARENT, parent);
    }
    if counter {
        bytes(&mut about, COUNTER, &[]);
    }
    let mut packet = Vec::new();
    number(&mut packet, SEQUENCE, ONLY_SEQUENCE);
    bytes(&mut packet, TRACK_DESCRIPTOR, &about);
    framed(&packet)
}

fn framed(packet: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(packet.len() + 8);
    bytes(&mut frame, PACKET, packet);
    frame
}

/// A field of wire type 0.
fn number(to: &mut Vec<u8>, field: u32, value: u64) {
    varint(to, u64::from(field) << 3);
    varint(to, value);
}

/// A field of wire type 2.
fn bytes(to: &mut Vec<u8>, field: u32, value: &[u8]) {
    varint(to, u64::from(field) << 3 | 2);
    varint(to, value.len() as u64);
    to.extend_from_slice(value);
}

/// Seven bits a byte, the lowest first, the eighth set on all but the last.
fn varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_groups_of_seven_bits() {
        for (value, want) in
            [(0, vec![0]), (127, vec![127]), (128, vec![0x80, 1]), (300, vec![0xAC, 2]), (u64::MAX, [vec![0xFF; 9], vec![1]].concat())]
        {
            let mut found = Vec::new();
            varint(&mut found, value);
            assert_eq!(found, want, "{value}");
        }
    }

    #[test]
    fn an_event_is_a_framed_packet() {
        let found = event(5, 3, Mark::Begin("up"));
        // packet { timestamp: 5, sequence: 1, track_event { type: 1, track_uuid: 3, name: "up" } }
        assert_eq!(found, [0x0A, 15, 0x40, 5, 0x50, 1, 0x5A, 9, 0x48, 1, 0x58, 3, 0xBA, 1, 2, b'u', b'p']);
    }
}
