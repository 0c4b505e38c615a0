//! The queueing formulas: one pod that serves requests, in closed form. `docs/traffic.md` states the model.
//!
//! A pod is a queue M/G/c with room for a limited number of waiting requests, or for requests that wait a limited time.
//! Sources: Sakasegawa 1977 (probability of a wait, for c that is no whole number too), Allen and Cunneen (service times
//! that are not exponential), Barrer 1957 and de Kok and Tijms 1985 (customers whose patience is limited), Tijms, *A
//! First Course in Stochastic Models*, 9.8 (limited room). Knows neither pods nor time.

use crate::engine::histogram::Histogram;

/// In a queue without bound the wait is that of this utilisation at most: closer to 1, no queue lives long enough to
/// reach its stationary length.
const UTILISATION_MOST: f64 = 0.995;
/// Closer to 1 than this, the formulas lose their digits.
const NEAR_ONE: f64 = 1e-9;

/// A pod as it serves requests of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Station {
    /// Requests that it can serve at once without slowing down; at least 1, or 0 if it serves none at all.
    pub servers: f64,
    /// Seconds of a request in service, on average.
    pub service: f64,
    /// Squared coefficient of variation of those.
    pub variation: f64,
}

/// How many may wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Room {
    /// Any number, for ever.
    Unbounded,
    /// So many requests.
    Queue(f64),
    /// Whoever waits less than so many seconds.
    Patience(f64),
}

/// Waits of requests in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Wait {
    /// Nobody waits.
    #[default]
    None,
    /// A share waits, up to `longest` seconds, with a density that falls as e^(−`decay` t) (or grows, if negative).
    Random {
        /// Of the requests that are served.
        share: f64,
        /// Per second.
        decay: f64,
        /// In seconds; may be infinite.
        longest: f64,
    },
    /// Everybody waits; all waits between the two are as likely.
    Between(f64, f64),
}

/// What a queue settles at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settled {
    /// Share of the requests that find no room.
    pub loss: f64,
    /// How long the others wait.
    pub wait: Wait,
}

impl Station {
    /// Requests a second that it can serve.
    pub fn capacity(&self) -> f64 {
        if self.service > 0.0 { self.servers / self.service } else { f64::INFINITY }
    }

    /// Where the queue settles if `arrivals` a second come for ever.
    pub fn settled(&self, arrivals: f64, room: Room) -> Settled {
        let capacity = self.capacity();
        if arrivals <= 0.0 || capacity.is_infinite() {
            return Settled { loss: 0.0, wait: Wait::None };
        }
        if capacity <= 0.0 {
            return Settled { loss: 1.0, wait: Wait::None };
        }
        let mut utilisation = arrivals / capacity;
        if room == Room::Unbounded {
            utilisation = utilisation.min(UTILISATION_MOST);
        } else if (utilisation - 1.0).abs() < NEAR_ONE {
            utilisation = 1.0 - NEAR_ONE;
        }
        // Two waits in a row have half the variation of exponential services in common, and half their own.
        let spread = f64::midpoint(1.0, self.variation);
        let decay = capacity * (1.0 - utilisation) / spread;
        let log = libm::log(utilisation);
        // The share of all that wait, were there room for any number: its inverse and the share that room leaves out.
        let inverse = libm::exp(-log * self.exponent());
        let (longest, exponent) = match room {
            Room::Unbounded => (f64::INFINITY, f64::INFINITY),
            Room::Queue(requests) => (requests / capacity, -log * requests / spread),
            Room::Patience(seconds) => (seconds, decay * seconds),
        };
        let (loss, share) = if utilisation < 1.0 {
            let beyond = libm::exp(-exponent);
            ((1.0 - utilisation) * beyond / (inverse - utilisation * beyond), (1.0 - beyond) / (inverse - beyond))
        } else {
            // The same fractions, multiplied by e^exponent, which is the one of the two that is small here.
            let within = libm::exp(exponent);
            ((1.0 - utilisation) / (within * inverse - utilisation), (within - 1.0) / (within * inverse - 1.0))
        };
        let share = share.clamp(0.0, 1.0);
        let wait = if share > 0.0 && longest > 0.0 { Wait::Random { share, decay, longest } } else { Wait::None };
        Settled { loss: loss.clamp(0.0, 1.0), wait }
    }

    /// Sakasegawa's exponent: of all that come, utilisation to this power wait.
    fn exponent(&self) -> f64 {
        (2.0 * (self.servers.max(1.0) + 1.0)).sqrt() - 1.0
    }
}

impl Wait {
    /// Mean over all requests, in seconds.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::None => 0.0,
            Self::Between(low, high) => low.midpoint(high),
            Self::Random { share, decay, longest } if longest.is_infinite() => share / decay,
            Self::Random { share, decay, longest } => {
                let reach = decay * longest;
                // Near 0 the density is level.
                let mean = if reach.abs() < 1e-6 { longest / 2.0 } else { 1.0 / decay - longest / libm::expm1(reach) };
                share * mean
            }
        }
    }

    /// The same for those who give up after `most` seconds.
    #[must_use]
    pub fn at_most(&self, most: f64) -> Self {
        match *self {
            Self::Between(low, high) => Self::Between(low.min(most), high.min(most)),
            Self::Random { share, decay, longest } if most > 0.0 => {
                Self::Random { share, decay, longest: longest.min(most) }
            }
            Self::Random { .. } | Self::None => Self::None,
        }
    }

    /// The longest wait there is; infinite where there is none.
    pub fn longest(&self) -> f64 {
        match *self {
            Self::None => 0.0,
            Self::Between(_, high) => high,
            Self::Random { longest, .. } => longest,
        }
    }

    /// Adds `weight` requests to a histogram that took `offset` seconds beside their wait.
    pub fn add_to(&self, histogram: &mut Histogram, offset: f64, weight: f64) {
        match *self {
            Self::None => histogram.add(offset, weight),
            Self::Between(low, high) if high - low <= 1e-9 => histogram.add(offset + low, weight),
            Self::Between(low, high) => {
                let (low, high) = (offset + low.min(high), offset + low.max(high));
                histogram.spread(low, high, weight, |at| (at - low) / (high - low));
            }
            Self::Random { share, decay, longest } => {
                histogram.add(offset, weight * (1.0 - share));
                // One in ten million waits longer.
                let longest = if decay > 0.0 { longest.min(16.0 / decay) } else { longest };
                let reach = decay * longest;
                histogram.spread(offset, offset + longest, weight * share, |at| {
                    if reach.abs() < 1e-6 {
                        (at - offset) / longest
                    } else if reach > 0.0 {
                        libm::expm1(-decay * (at - offset)) / libm::expm1(-reach)
                    } else {
                        let left = libm::exp(decay * (offset + longest - at));
                        (left - libm::exp(reach)) / (1.0 - libm::exp(reach))
                    }
                });
            }
        }
    }
}

#[cfg(test)]
mod tests;
