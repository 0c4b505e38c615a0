//! Soft constraints: prefers nodes in domains with fewer matching pods. Upstream: podtopologyspread/scoring.go.

use smallvec::SmallVec;

use super::constraints::Constraint;
use super::counts::{Count, HOSTNAME, Spread};
use crate::model::object::NodeId;
use crate::scheduler::cache::{NO_DOMAIN, Topology};
use crate::scheduler::framework::MAX_NODE_SCORE;

/// A node that lacks a key which all must have.
const IGNORED: i64 = i64::MIN;

/// Room for a cycle's work, kept between cycles.
#[derive(Debug, Default)]
pub struct SpreadScores {
    scores: Vec<i64>,
    sums: Vec<f64>,
    /// By domain: the last counting that met it.
    met: Vec<u32>,
    counting: u32,
}

impl SpreadScores {
    /// Normalized scores of the feasible nodes; `None` without soft constraints.
    pub fn score(&mut self, spread: &Spread, topology: &Topology, feasible: &[NodeId]) -> Option<&[i64]> {
        self.fill(spread, topology, feasible)?;
        normalize(&mut self.scores);
        Some(&self.scores)
    }

    /// The same before normalization; nodes that lack a key have 0.
    pub fn raw(&mut self, spread: &Spread, topology: &Topology, feasible: &[NodeId]) -> Option<&[i64]> {
        self.fill(spread, topology, feasible)?;
        for score in self.scores.iter_mut().filter(|score| **score == IGNORED) {
            *score = 0;
        }
        Some(&self.scores)
    }

    fn fill(&mut self, spread: &Spread, topology: &Topology, feasible: &[NodeId]) -> Option<()> {
        if spread.set.soft.is_empty() {
            return None;
        }
        self.mark_ignored(spread, topology, feasible);
        let weights = self.weights(spread, topology, feasible);
        self.sums.clear();
        self.sums.resize(feasible.len(), 0.0);
        for ((constraint, count), weight) in spread.soft().zip(weights) {
            add_scores(&mut self.sums, constraint, count, weight, topology, feasible);
        }
        for (score, sum) in self.scores.iter_mut().zip(&self.sums) {
            if *score != IGNORED {
                *score = rounded(*sum);
            }
        }
        Some(())
    }

    fn mark_ignored(&mut self, spread: &Spread, topology: &Topology, feasible: &[NodeId]) {
        self.scores.clear();
        self.scores.resize(feasible.len(), 0);
        if !spread.set.requires_all_keys {
            return;
        }
        for (_, count) in spread.soft() {
            let domains = topology.domains(count.key);
            for (score, node) in self.scores.iter_mut().zip(feasible) {
                if domains[node.index()] == NO_DOMAIN {
                    *score = IGNORED;
                }
            }
        }
    }

    /// For each constraint, a weight that grows with the number of domains. Upstream: `topologyNormalizingWeight`.
    fn weights(&mut self, spread: &Spread, topology: &Topology, feasible: &[NodeId]) -> SmallVec<[f64; 4]> {
        let mut weights = SmallVec::new();
        for (constraint, count) in spread.soft() {
            let size = if constraint.topology_key == HOSTNAME {
                self.scores.iter().filter(|score| **score != IGNORED).count()
            } else {
                self.domains(topology.domains(count.key), feasible)
            };
            weights.push(libm::log((size + 2) as f64));
        }
        weights
    }

    /// Number of different domains of the nodes that are not ignored; no domain is one too.
    fn domains(&mut self, domains: &[u32], feasible: &[NodeId]) -> usize {
        self.counting += 1;
        let (mut size, mut has_none) = (0, false);
        for (score, node) in self.scores.iter().zip(feasible) {
            let domain = domains[node.index()];
            if *score == IGNORED {
                continue;
            }
            if domain == NO_DOMAIN {
                has_none = true;
                continue;
            }
            if self.met.len() <= domain as usize {
                self.met.resize(domain as usize + 1, 0);
            }
            if self.met[domain as usize] != self.counting {
                self.met[domain as usize] = self.counting;
                size += 1;
            }
        }
        size + usize::from(has_none)
    }
}

/// Adds what one constraint says of each node; less is better. Upstream: `scoreForCount`.
fn add_scores(
    sums: &mut [f64],
    constraint: &Constraint,
    count: &Count,
    weight: f64,
    topology: &Topology,
    feasible: &[NodeId],
) {
    let domains = topology.domains(count.key);
    let skew = f64::from(constraint.max_skew - 1);
    let is_host = constraint.topology_key == HOSTNAME;
    for (sum, node) in sums.iter_mut().zip(feasible) {
        let domain = domains[node.index()];
        if domain != NO_DOMAIN {
            let pods = if is_host { count.on_node[node.index()] } else { count.in_domain[domain as usize] };
            *sum += f64::from(pods) * weight + skew;
        }
    }
}

/// Half away from zero, of a number that is not negative: without a call where the processor cannot round.
fn rounded(sum: f64) -> i64 {
    let whole = sum as i64;
    whole + i64::from(sum - whole as f64 >= 0.5)
}

fn normalize(scores: &mut [i64]) {
    let counted = || scores.iter().copied().filter(|score| *score != IGNORED);
    let least = counted().min().unwrap_or(i64::MAX);
    let greatest = counted().max().unwrap_or(0).max(0);
    if greatest == 0 {
        for score in scores {
            *score = if *score == IGNORED { 0 } else { MAX_NODE_SCORE };
        }
        return;
    }
    // Divisions of 32 bits take a fraction of the time.
    let fits = u32::try_from(MAX_NODE_SCORE * (greatest + least)).is_ok() && least >= 0;
    for score in scores {
        if *score == IGNORED {
            *score = 0;
            continue;
        }
        let numerator = MAX_NODE_SCORE * (greatest + least - *score);
        *score = if fits { i64::from(numerator as u32 / greatest as u32) } else { numerator / greatest };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_up() {
        for (sum, whole) in [(0.0, 0), (0.499_999_999_999_999_94, 0), (0.5, 1), (2.5, 3), (7.386, 7), (8.773, 9)] {
            assert_eq!(rounded(sum), whole, "{sum}");
        }
    }

    #[test]
    fn normalized_scores_are_those_of_upstream() {
        for (raw, expected) in [
            (&[0_i64, 2, 5][..], &[100_i64, 60, 0][..]),
            (&[7, 9, 9, 12], &[100, 83, 83, 58]),
            (&[2, 4, 5], &[100, 60, 40]),
            (&[4, 8, IGNORED], &[100, 50, 0]),
            (&[0, 0], &[100, 100]),
        ] {
            let mut scores = raw.to_vec();
            normalize(&mut scores);
            assert_eq!(scores, expected);
        }
    }
}
