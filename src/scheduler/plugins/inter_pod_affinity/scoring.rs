//! Preferred terms. Upstream: interpodaffinity/scoring.go.

use super::counts::PodAffinities;
use crate::model::object::NodeId;
use crate::scheduler::cache::{NO_DOMAIN, Topology};
use crate::scheduler::framework::MAX_NODE_SCORE;

/// Room for a cycle's work, kept between cycles.
#[derive(Debug, Default)]
pub struct AffinityScores {
    scores: Vec<i64>,
}

impl AffinityScores {
    /// Normalized scores of the feasible nodes; `None` if no term has a preference anywhere.
    pub fn score(&mut self, counts: &PodAffinities, topology: &Topology, feasible: &[NodeId]) -> Option<&[i64]> {
        self.raw(counts, topology, feasible)?;
        normalize(&mut self.scores);
        Some(&self.scores)
    }

    /// The same before normalization.
    pub fn raw(&mut self, counts: &PodAffinities, topology: &Topology, feasible: &[NodeId]) -> Option<&[i64]> {
        if counts.score_records == 0 {
            return None;
        }
        self.scores.clear();
        self.scores.resize(feasible.len(), 0);
        for key in &counts.keys {
            let domains = topology.domains(key.key);
            for (score, node) in self.scores.iter_mut().zip(feasible) {
                let domain = domains[node.index()];
                if domain != NO_DOMAIN {
                    *score += key.score[domain as usize];
                }
            }
        }
        Some(&self.scores)
    }
}

/// Upstream computes in this order of floating-point operations, which shows: 29 of 100 becomes 28.
fn normalize(scores: &mut [i64]) {
    let least = scores.iter().copied().min().unwrap_or(0);
    let greatest = scores.iter().copied().max().unwrap_or(0);
    let range = (greatest - least) as f64;
    for score in scores {
        *score = if range > 0.0 { (MAX_NODE_SCORE as f64 * ((*score - least) as f64 / range)) as i64 } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalized_scores_are_those_of_upstream() {
        for (raw, expected) in [
            (&[0_i64, 10, 4][..], &[0_i64, 100, 40][..]),
            (&[-50, 100, 0, 25], &[0, 100, 33, 50]),
            (&[5, 5], &[0, 0]),
            (&[-3, -1, -2], &[0, 100, 50]),
            (&[0, 1, 3], &[0, 33, 100]),
            (&[0, 29, 100], &[0, 28, 100]),
        ] {
            let mut scores = raw.to_vec();
            normalize(&mut scores);
            assert_eq!(scores, expected);
        }
    }
}
