//! Named delays: a table of distributions in seconds, indexed by the caller's own enum, that a user may override by
//! name. The names and presets belong to the layers above.

use super::distribution::Distribution;
use super::nearest::nearest;
use super::random::Stream;
use super::time::SimDuration;

/// One preset: name and distribution in seconds, in the order of the caller's enum.
pub type LatencyPreset = [(&'static str, Distribution)];

/// The delays of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyTable {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    name: &'static str,
    seconds: Distribution,
    /// The delay if it never varies; most do not, and are read in every event.
    constant: Option<SimDuration>,
}

/// A name that no delay has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown latency `{name}`{}", nearest.map_or_else(String::new, |known| format!(" (did you mean `{known}`?)")))]
pub struct UnknownLatency {
    /// As given.
    pub name: String,
    /// The name that was probably meant.
    pub nearest: Option<&'static str>,
}

impl Entry {
    fn new(name: &'static str, seconds: Distribution) -> Self {
        let constant = match seconds {
            Distribution::Constant(value) => Some(SimDuration::from_secs_f64(value)),
            _ => None,
        };
        Self { name, seconds, constant }
    }
}

impl LatencyTable {
    /// The delays of a preset.
    pub fn new(preset: &LatencyPreset) -> Self {
        Self { entries: preset.iter().map(|(name, seconds)| Entry::new(name, seconds.clone())).collect() }
    }

    /// Replaces the delay `name` by a distribution in seconds.
    ///
    /// # Errors
    /// There is no such name.
    pub fn set(&mut self, name: &str, seconds: Distribution) -> Result<(), UnknownLatency> {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.name == name) else {
            let nearest = nearest(name, self.entries.iter().map(|entry| entry.name));
            // The borrow of the candidate ends with the table's; its name does not.
            let nearest = self.names().find(|&known| Some(known) == nearest);
            return Err(UnknownLatency { name: name.to_owned(), nearest });
        };
        *entry = Entry::new(entry.name, seconds);
        Ok(())
    }

    /// All names, in the order of their indices.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.entries.iter().map(|entry| entry.name)
    }

    /// Draws the delay `index`. A constant one draws nothing from the stream.
    #[inline]
    pub fn sample(&self, index: usize, stream: &mut Stream) -> SimDuration {
        let entry = &self.entries[index];
        entry.constant.unwrap_or_else(|| SimDuration::from_secs_f64(entry.seconds.sample(stream)))
    }

    /// The delay `index` if it never varies: then no stream is needed.
    #[inline]
    pub fn constant(&self, index: usize) -> Option<SimDuration> {
        self.entries[index].constant
    }

    /// The delay `index` on average.
    pub fn mean(&self, index: usize) -> SimDuration {
        SimDuration::from_secs_f64(self.entries[index].seconds.mean())
    }

    /// The distribution of the delay `index`, in seconds.
    pub fn distribution(&self, index: usize) -> &Distribution {
        &self.entries[index].seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::Streams;

    const PRESET: &LatencyPreset =
        &[("write", Distribution::Constant(0.002)), ("sandbox", Distribution::Uniform { low: 0.2, high: 0.4 })];

    #[test]
    fn a_constant_delay_draws_nothing() {
        let table = LatencyTable::new(PRESET);
        let mut stream = Streams::new(0).stream("test", 0);
        let mut untouched = stream.clone();
        assert_eq!(table.sample(0, &mut stream), SimDuration::from_millis(2));
        assert_eq!(table.constant(0), Some(SimDuration::from_millis(2)));
        assert_eq!(stream.next_u64(), untouched.next_u64());
    }

    #[test]
    fn a_varying_delay_stays_in_its_range() {
        let table = LatencyTable::new(PRESET);
        let mut stream = Streams::new(0).stream("test", 0);
        for _ in 0..100 {
            let delay = table.sample(1, &mut stream);
            assert!((SimDuration::from_millis(200)..=SimDuration::from_millis(400)).contains(&delay));
        }
        assert_eq!((table.constant(1), table.mean(1)), (None, SimDuration::from_millis(300)));
    }

    #[test]
    fn a_delay_is_set_by_name_and_a_slip_is_corrected() {
        let mut table = LatencyTable::new(PRESET);
        table.set("sandbox", Distribution::Constant(1.0)).unwrap();
        assert_eq!(table.constant(1), Some(SimDuration::from_secs(1)));
        let error = table.set("sandbx", Distribution::Constant(1.0)).unwrap_err();
        assert_eq!(error.to_string(), "unknown latency `sandbx` (did you mean `sandbox`?)");
        assert_eq!(table.set("x", Distribution::Constant(1.0)).unwrap_err().to_string(), "unknown latency `x`");
    }
}
