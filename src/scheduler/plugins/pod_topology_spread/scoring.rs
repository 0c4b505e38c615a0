//! Soft constraints: prefers nodes in domains with fewer matching pods. Upstream: podtopologyspread/scoring.go.

use smallvec::SmallVec;

use super::counts::{HOSTNAME, Spread};
use crate::model::object::NodeId;
use crate::scheduler::cache::{NO_DOMAIN, Topology};
use crate::scheduler::framework::MAX_NODE_SCORE;

/// A node that lacks a key which all must have.
const IGNORED: i64 = i64::MIN;

/// Room for a cycle's work, kept between cycles.
#[derive(Debug, Default)]
pub struct SpreadScores {
    scores: Vec<i64>,
    /// By domain: the last counting that met it.
    met: Vec<u32>,
    counting: u32,
}

impl SpreadScores {
    /// Normalized scores of the feasible nodes; `None` without soft constraints.
    pub fn score(&mut self, spread: &Spread, topology: &Topology, feasible: &[NodeId]) -> Option<&[i64]> {
        if spread.set.soft.is_empty() {
            return None;
        }
        self.mark_ignored(spread, topology, feasible);
        let weights = self.weights(spread, topology, feasible);
        for (score, node) in self.scores.iter_mut().zip(feasible) {
            if *score != IGNORED {
                *score = raw_score(spread, topology, &weights, *node);
            }
        }
        normalize(&mut self.scores);
        Some(&self.scores)
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

/// Less is better.
fn raw_score(spread: &Spread, topology: &Topology, weights: &[f64], node: NodeId) -> i64 {
    let mut score = 0.0;
    for ((constraint, count), weight) in spread.soft().zip(weights) {
        let domain = topology.domain(count.key, node);
        if domain == NO_DOMAIN {
            continue;
        }
        let pods = if constraint.topology_key == HOSTNAME {
            count.on_node[node.index()]
        } else {
            count.in_domain[domain as usize]
        };
        // Upstream: `scoreForCount`.
        score += f64::from(pods) * weight + f64::from(constraint.max_skew - 1);
    }
    score.round() as i64
}

fn normalize(scores: &mut [i64]) {
    let counted = || scores.iter().copied().filter(|score| *score != IGNORED);
    let least = counted().min().unwrap_or(i64::MAX);
    let greatest = counted().max().unwrap_or(0).max(0);
    for score in scores {
        *score = match *score {
            IGNORED => 0,
            _ if greatest == 0 => MAX_NODE_SCORE,
            raw => MAX_NODE_SCORE * (greatest + least - raw) / greatest,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
