//! From distributions and curves as typed to the engine's.

use std::path::Path;

use crate::engine::curve::{Curve as EngineCurve, Joint};
use crate::engine::distribution::{Distribution, DistributionError};
use crate::engine::random::Streams;
use crate::scenario::schema::amounts::{self as typed, Observed, RandomDuration, Since, Varying};
use crate::scenario::schema::leaves::{Amount, Duration};

use super::{files, prometheus};

/// Use of a resource over time.
#[derive(Clone, Debug, PartialEq)]
pub enum Usage {
    /// Drawn once for each container; a constant draws nothing.
    Drawn(Distribution),
    /// A function of time.
    Curve(UsageCurve),
}

/// A function of time and where its time starts.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageCurve {
    /// In base units (cores, bytes, requests a second).
    pub curve: EngineCurve,
    /// From when its times count.
    pub since: Since,
}

/// What a scalar of a distribution is in base units (seconds, cores, bytes).
pub trait Units: Copy {
    /// The number.
    fn units(self) -> f64;
}

impl Units for Duration {
    fn units(self) -> f64 {
        self.0.as_secs_f64()
    }
}

impl Units for Amount {
    fn units(self) -> f64 {
        Self::units(self)
    }
}

/// Files and numbers that amounts need.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Where the scenario's relative paths start.
    pub directory: &'a Path,
    /// The scenario's seed, from which noise has its own streams.
    pub seed: u64,
    /// Are amounts requests a second? Then CSV files have to say so in their header.
    pub is_rate: bool,
}

impl Context<'_> {
    /// A duration in seconds.
    ///
    /// # Errors
    /// Parameters that make no distribution, in words.
    pub fn duration(&self, duration: &RandomDuration) -> Result<Distribution, String> {
        match duration {
            RandomDuration::Fixed(fixed) => Ok(Distribution::Constant(fixed.units())),
            RandomDuration::Random(random) => self.distribution(random),
        }
    }

    /// An amount in base units. `salt` tells the streams of several noises apart.
    ///
    /// # Errors
    /// Parameters that make no distribution or curve, in words.
    pub fn usage(&self, varying: &Varying, salt: u64) -> Result<Usage, String> {
        match varying {
            Varying::Fixed(amount) => Ok(Usage::Drawn(Distribution::Constant(amount.units()))),
            Varying::Random(random) => self.distribution(random).map(Usage::Drawn),
            Varying::Curve(curve) => {
                let since = curve.since.unwrap_or_default();
                Ok(Usage::Curve(UsageCurve { curve: self.curve(curve, salt)?, since }))
            }
        }
    }

    fn distribution<T: Units>(&self, random: &typed::Distribution<T>) -> Result<Distribution, String> {
        use typed::Distribution as D;
        let made: Result<Distribution, DistributionError> = match random {
            D::Uniform(p) => Distribution::uniform(p.min.units(), p.max.units()),
            D::Normal(p) => Distribution::normal(p.mean.units(), p.deviation.units()),
            D::Lognormal(p) => Distribution::lognormal_from_median(p.median.units(), p.p99.units()),
            D::Exponential(p) => Distribution::exponential(p.mean.units()),
            D::Pareto(p) => Distribution::pareto(p.min.units(), p.shape),
            D::Choice(choices) => {
                Distribution::choice(choices.iter().map(|(value, weight)| (value.units(), *weight)).collect())
            }
            D::Empirical(Observed::Values(values)) => {
                Distribution::empirical(values.iter().map(|value| value.units()).collect())
            }
            D::Empirical(Observed::Csv(source)) => {
                let file = files::read_text(self.directory, &source.csv)?;
                let made = Distribution::empirical_from_csv(&file.text, source.column.as_deref());
                return made.map_err(|error| format!("`{}`: {error}", source.csv));
            }
        };
        made.map_err(|error| error.to_string())
    }

    fn curve(&self, typed: &typed::Curve, salt: u64) -> Result<EngineCurve, String> {
        let points =
            |points: &[(Duration, Amount)]| points.iter().map(|(at, value)| (at.units(), value.units())).collect();
        let made = if let Some(steps) = &typed.steps {
            EngineCurve::steps(points(steps))
        } else if let Some(ramp) = &typed.ramp {
            EngineCurve::ramp(points(ramp))
        } else if let Some(sine) = &typed.sine {
            let peak = sine.peak.map_or(0.0, Units::units);
            EngineCurve::sine(sine.mean.units(), sine.amplitude.units(), sine.period.units(), peak)
        } else if let Some(csv) = &typed.csv {
            let file = files::read_text(self.directory, &csv.file)?;
            let wrong = |reason: String| format!("`{}`: {reason}", csv.file);
            let unit = if self.is_rate { rate_header(&file.text, csv.column.as_deref()).map_err(wrong)? } else { 1.0 };
            let joint = if csv.linear { Joint::Linear } else { Joint::Step };
            let made = EngineCurve::from_csv(&file.text, csv.column.as_deref(), joint);
            Ok(made.map_err(|error| format!("`{}`: {error}", csv.file))?.scaled(unit))
        } else if let Some(named) = &typed.prometheus {
            let file = files::read_text(self.directory, named)?;
            Ok(prometheus::curve(&file.text).map_err(|reason| format!("`{named}`: {reason}"))?)
        } else {
            let mut parts = Vec::new();
            for (index, part) in typed.sum.iter().flatten().enumerate() {
                parts.push(self.part(part, salt.wrapping_mul(31).wrapping_add(index as u64 + 1))?);
            }
            Ok(EngineCurve::Sum(parts))
        };
        let curve = made.map_err(|error| error.to_string())?;
        let Some(noise) = typed.noise else { return Ok(curve) };
        let seed = Streams::new(self.seed).stream("scenario/noise", salt).next_u64();
        curve.noisy(noise.deviation, noise.every.units(), seed).map_err(|error| error.to_string())
    }

    /// A part of a sum: a curve of its own or a number.
    fn part(&self, varying: &Varying, salt: u64) -> Result<EngineCurve, String> {
        match varying {
            Varying::Fixed(amount) => Ok(EngineCurve::Constant(amount.units())),
            Varying::Random(_) => {
                Err("a sum cannot hold a distribution: it would be drawn for no container".to_owned())
            }
            Varying::Curve(curve) if curve.since.is_some() => {
                Err("`since` stands beside `sum`, not inside of it".to_owned())
            }
            Varying::Curve(curve) => self.curve(curve, salt),
        }
    }
}

/// What the values of a CSV file of rates are to be multiplied with, by its header: `time_s` (seconds since t=0; or
/// `time`, durations as well), then `rps` (requests a second) or `rpm` (a minute); a column that is named in the
/// scenario counts in requests a second.
fn rate_header(text: &str, column: Option<&str>) -> Result<f64, String> {
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().enumerate();
    let found =
        lines.map(|(at, line)| (at + 1, line.trim())).find(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let (at, header) = found.ok_or_else(|| "the file is empty".to_owned())?;
    let fields: Vec<&str> = header.split(',').map(|field| field.trim().trim_matches('"')).collect();
    let is_time = matches!(fields.first(), Some(&"time_s" | &"time"));
    let unit = match (column, fields.get(1)) {
        (Some(name), _) if fields.contains(&name) => Some(if name == "rpm" { 1.0 / 60.0 } else { 1.0 }),
        (Some(name), _) => return Err(format!("line {at}: no column `{name}` in the header (`{header}`)")),
        (None, Some(&"rps")) => Some(1.0),
        (None, Some(&"rpm")) => Some(1.0 / 60.0),
        _ => None,
    };
    unit.filter(|_| is_time).ok_or_else(|| {
        format!(
            "line {at}: the header is `{header}`, expected `time_s,rps` (seconds since t=0 or durations, requests a second) \
             or `time_s,rpm` (requests a minute)"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(value: serde_json::Value) -> Result<Usage, String> {
        let varying: Varying = serde_json::from_value(value).unwrap();
        Context { directory: Path::new(""), seed: 1, is_rate: false }.usage(&varying, 0)
    }

    #[test]
    fn numbers_distributions_and_curves_are_made() {
        assert_eq!(usage(serde_json::json!("120m")), Ok(Usage::Drawn(Distribution::Constant(0.12))));
        assert_eq!(
            usage(serde_json::json!({"uniform": {"min": "64Mi", "max": "128Mi"}})),
            Ok(Usage::Drawn(Distribution::Uniform { low: 67_108_864.0, high: 134_217_728.0 }))
        );
        let Ok(Usage::Curve(curve)) =
            usage(serde_json::json!({"steps": [["0s", 10], ["5m", 200]], "since": "container"}))
        else {
            panic!()
        };
        assert_eq!(
            (curve.since, curve.curve.value_at(299.0), curve.curve.value_at(300.0)),
            (Since::Container, 10.0, 200.0)
        );
    }

    #[test]
    fn parameters_that_make_no_curve_are_errors_in_words() {
        assert!(usage(serde_json::json!({"steps": [["5m", 1], ["1m", 2]]})).unwrap_err().contains("not later"));
        assert!(usage(serde_json::json!({"uniform": {"min": 2, "max": 1}})).unwrap_err().contains("less than"));
        assert!(usage(serde_json::json!({"sum": [{"uniform": {"min": 1, "max": 2}}]})).is_err());
    }

    #[test]
    fn noise_depends_on_the_seed_alone() {
        let noisy = serde_json::json!({"ramp": [["0s", 0], ["1h", 100]], "noise": 0.1});
        assert_eq!(usage(noisy.clone()), usage(noisy));
    }

    #[test]
    fn files_of_rates_say_their_units() {
        assert_eq!(rate_header("# from the load balancer\ntime_s,rps\n0,1\n", None), Ok(1.0));
        assert_eq!(rate_header("time,rpm\n0s,60\n", None), Ok(1.0 / 60.0));
        assert_eq!(rate_header("time_s,errors,checkout\n0,1,2\n", Some("checkout")), Ok(1.0));
        assert!(rate_header("0,1\n60,2\n", None).unwrap_err().starts_with("line 1: the header is `0,1`, expected"));
        assert!(rate_header("time_s,requests\n", None).is_err());
        assert!(rate_header("time_s,rps\n", Some("rpx")).unwrap_err().contains("no column `rpx`"));
    }
}
