//! Event list, clock, random streams. The engine has never heard of a Pod.
//!
//! - [`EventList`]: the pending events and the clock. Ties in time are decided by the order of the pushes and by nothing else.
//! - [`RadixWheel`]: the one that a run uses; [`KeyedHeap`]: the plain reading against which it is tested.

mod event_list;
mod keyed_heap;
mod radix_wheel;

pub use event_list::EventList;
pub use keyed_heap::KeyedHeap;
pub use radix_wheel::RadixWheel;
