//! Listening to a run: what is selected, and the files that it goes to.

mod file;
mod selector;

pub use file::{WholeFile, kind_of};
pub use selector::select;
pub(crate) use selector::shapes;

use reports::Timeline;
use reports::history::Teller;
use sim_core::measure::{Batch, Filter, Listeners};
use sim_core::units::SimTime;
use std::io::{self, Write};
use std::path::Path;

/// Writes what it hears to files: JSON lines, a timeline, or both.
#[derive(Debug)]
pub struct Listener<'a> {
    teller: &'a Teller<'a>,
    filters: Vec<Filter>,
    events: Option<(WholeFile, Listeners)>,
    timeline: Option<(Timeline<'a, WholeFile>, Listeners)>,
    failed: Option<io::Error>,
}

impl<'a> Listener<'a> {
    /// A listener that writes nothing yet.
    pub const fn new(teller: &'a Teller<'a>) -> Self {
        Self { teller, filters: Vec::new(), events: None, timeline: None, failed: None }
    }

    /// Adds a filter: its bit.
    fn bit(&mut self, filter: Filter) -> Listeners {
        self.filters.push(filter);
        1 << (self.filters.len() - 1)
    }

    /// Writes what `filter` lets through to `path`, a line each.
    ///
    /// # Errors
    /// If no file can be made there.
    pub fn write_events(&mut self, path: &Path, filter: Filter) -> io::Result<()> {
        self.events = Some((WholeFile::create(path)?, self.bit(filter)));
        Ok(())
    }

    /// Draws what `filter` lets through as a trace at `path`.
    ///
    /// # Errors
    /// If no file can be made there.
    pub fn draw_timeline(&mut self, path: &Path, filter: Filter) -> io::Result<()> {
        let timeline = Timeline::new(self.teller, WholeFile::create(path)?)?;
        self.timeline = Some((timeline, self.bit(filter)));
        Ok(())
    }

    /// What is to be listened to.
    pub fn filters(&self) -> Vec<Filter> {
        self.filters.clone()
    }

    /// Writes a batch; false once something could not be written.
    pub fn hear(&mut self, batch: &Batch<'_>) -> bool {
        match self.write(batch) {
            Ok(()) => true,
            Err(error) => {
                self.failed = Some(error);
                false
            }
        }
    }

    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        for (entry, listeners) in batch.entries {
            if let Some((file, _)) = self.events.as_mut().filter(|(_, bit)| listeners & bit != 0) {
                file.write_all(self.teller.line(entry, batch).as_bytes())?;
            }
            if let Some((timeline, _)) = self.timeline.as_mut().filter(|(_, bit)| listeners & bit != 0) {
                timeline.take(entry, batch)?;
            }
        }
        Ok(())
    }

    /// Why writing failed, if it did. Nothing is left of the files then.
    pub const fn failure(&self) -> Option<&io::Error> {
        self.failed.as_ref()
    }

    /// The run has come to its end: the files get their names.
    ///
    /// # Errors
    /// If they cannot be written; one that was not finished is not there.
    pub fn finish(self, end: SimTime) -> io::Result<()> {
        let timeline = self.timeline.map(|(timeline, _)| timeline.finish(end)).transpose()?;
        for file in self.events.map(|(file, _)| file).into_iter().chain(timeline) {
            file.finish()?;
        }
        Ok(())
    }
}
